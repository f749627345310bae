/** Which engine runs a variant of a model. */

import type { Engine } from "../engines/engine.ts";
import { VlmError } from "../protocol/errors.ts";
import type { ModelVariant } from "../protocol/model-descriptor.ts";

/**
 * @param engines in order of preference
 * @returns the first that can take the variant's files on the variant's device
 * @throws {VlmError} `no-device` where none can
 */
export function chooseEngine(engines: readonly Engine[], variant: ModelVariant): Engine {
  const { id, device } = variant;
  const engine = engines.find((one) => one.devices.includes(device) && one.takes(variant));
  if (engine) return engine;
  const message = `No engine of this worker runs the files of the variant "${id}" on ${device}.`;
  throw new VlmError(
    "no-device",
    `${message} Use other files of the model, or a version of the kit that knows these.`,
    { attempts: [{ device, reason: "no-engine", message }] },
  );
}
