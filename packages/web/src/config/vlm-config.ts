/** What a configuration holds. Its fields are the options of the same names, which say what each does. */

import type { CacheOptions } from "../api/cache-options.ts";
import type {
  CaptionOptions,
  GenerateRequest,
  ImageViewOption,
  OpenOptions,
} from "../api/calls.ts";
import type { ChoiceOptions } from "../api/choices.ts";
import type { ImageQuestion } from "../api/open-image.ts";
import type { VlmOptions } from "../api/vlm.ts";
import type { WatchOptions } from "../api/watch.ts";
import type { ImageLimits } from "../image/limits.ts";
import type { DownloadOptions } from "../protocol/storage.ts";

/** Everything that an app can set and JSON can hold. What is left out has the default of its option. */
export interface VlmConfig {
  /** How the model is run, and what it may take. */
  readonly inference?: Pick<
    VlmOptions,
    | "device"
    | "optimize"
    | "wasmThreads"
    | "maxQueue"
    | "rateLimit"
    | "unloadAfterMs"
    | "maxMemoryBytes"
    | "share"
    | "pool"
    | "scaling"
  >;
  /** What calls have in common. Each method of a `Vlm` takes those of them that it knows: see `toCallOptions`. */
  readonly calls?: Omit<CaptionOptions, "signal" | "mode">;
  /** When `vlm.watch` asks again. */
  readonly watch?: Pick<WatchOptions, "minIntervalMs" | "changeThreshold">;
  /** Limits for images: `imageLimits` of `createVlm`. JSON has no `Infinity`; a large number lifts a limit too. */
  readonly images?: Partial<ImageLimits>;
  readonly cache?: CacheOptions;
  readonly download?: DownloadOptions;
  readonly network?: VlmOptions["network"];
  readonly debug?: boolean;
  /** Is not looked at here. `toOpsOptions` of `@fastvlm-kit/ops` checks it. */
  readonly monitoring?: unknown;
}

type Calls = NonNullable<VlmConfig["calls"]>;

/** The settings that a method with these options takes. */
type SettingsFor<Options> = Pick<Calls, keyof Calls & keyof Options>;

/** What `toCallOptions` returns for each method. */
export interface ConfiguredOptions {
  readonly generate: SettingsFor<GenerateRequest>;
  readonly caption: SettingsFor<CaptionOptions>;
  /** Also for `check` and `score`. */
  readonly choose: SettingsFor<ChoiceOptions>;
  readonly watch: SettingsFor<WatchOptions> & NonNullable<VlmConfig["watch"]>;
  readonly open: SettingsFor<OpenOptions>;
  /** `ask` of an open image. */
  readonly "image.ask": SettingsFor<ImageQuestion>;
  /** `caption` of an open image. */
  readonly "image.caption": SettingsFor<Omit<CaptionOptions, ImageViewOption>>;
}

/** A method whose calls a configuration is about. */
export type ConfiguredCall = keyof ConfiguredOptions;
