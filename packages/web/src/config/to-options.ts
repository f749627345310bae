/** The options that follow from a configuration. */

import type { VlmOptions } from "../api/vlm.ts";
import { settingNames } from "../schema/config.ts";
import type { ConfiguredCall, ConfiguredOptions, VlmConfig } from "./vlm-config.ts";

/** What a configuration says of `createVlm`. */
type ConfiguredVlm = NonNullable<VlmConfig["inference"]> &
  Pick<VlmOptions, "imageLimits" | "cache" | "download" | "network" | "debug">;

/**
 * Options of `createVlm`, to which the app adds what JSON cannot hold.
 *
 * @example
 * const vlm = await createVlm({ ...toVlmOptions(config), worker, model });
 */
export function toVlmOptions(config: VlmConfig): ConfiguredVlm {
  const { inference, images, network } = config;
  return {
    ...inference,
    ...(images && { imageLimits: images }),
    ...(network && { network }),
    ...toLibraryOptions(config),
  };
}

/** Options of `createModelLibrary`, to which the app adds `worker`. */
export function toLibraryOptions({
  cache,
  download,
  debug,
}: VlmConfig): Pick<VlmOptions, "cache" | "download" | "debug"> {
  return {
    ...(cache && { cache }),
    ...(download && { download }),
    ...(debug !== undefined && { debug }),
  };
}

/**
 * Options of one method's calls.
 *
 * @example
 * await vlm.caption(image, toCallOptions(config, "caption"));
 */
export function toCallOptions<const Call extends ConfiguredCall>(
  { calls = {}, watch }: VlmConfig,
  call: Call,
): ConfiguredOptions[Call] {
  const names: readonly string[] = settingNames[call];
  const settings = Object.entries(calls).filter(([name]) => names.includes(name));
  return { ...Object.fromEntries(settings), ...(call === "watch" && watch) };
}
