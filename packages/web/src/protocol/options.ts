/** Options of a generation and of a call's images. */

/** How text is generated. With `temperature` 0, the default, the likeliest token is always taken. */
export interface GenerationOptions {
  /** The greatest length of the answer, in tokens. Default 128. */
  readonly maxNewTokens?: number;
  /** 0 (default) takes the likeliest token; higher values give more varied answers. */
  readonly temperature?: number;
  /** Nucleus sampling: takes from the smallest set of tokens whose probabilities add up to this. Default 1 (off). */
  readonly topP?: number;
  /** Samples only from this number of likeliest tokens. Default 0 (off). */
  readonly topK?: number;
  /** Values above 1 make tokens that occurred before less likely (Keskar et al. 2019, arXiv 1909.05858). Default 1 (off). */
  readonly repetitionPenalty?: number;
  /** The same seed gives the same answer. Without a seed, sampling differs from call to call. */
  readonly seed?: number;
  /** The answer ends before the first of these strings; the string itself is left out. */
  readonly stop?: readonly string[];
}

/** A JSON schema (https://json-schema.org). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * The form that an answer has to have; spaces around it do not count. `regex`: the whole answer matches it. Classes, groups,
 * alternatives and repetitions are possible, and the flag `i`; looking around and back is not. `options`: the answer is one
 * of these texts. `schema`: the answer is JSON that is valid by this schema. Possible are `type`, `enum`, `const`, `anyOf`,
 * `properties`, `required`, `items`, `minItems`, `maxItems`, `minLength`, `maxLength`, `minimum` and `maximum` of integers,
 * and `$ref` to `$defs`. Other keywords are refused.
 */
export type AnswerFormat =
  | { readonly regex: RegExp | string }
  | { readonly options: readonly string[] }
  | { readonly schema: JsonSchema };

/** A format as the worker takes it. */
export type ResolvedFormat =
  | { readonly regex: string; readonly ignoreCase: boolean }
  | { readonly options: readonly string[] }
  | { readonly schema: JsonSchema };

/** Generation options with every default filled in. */
export interface ResolvedGenerationOptions {
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly repetitionPenalty: number;
  readonly seed: number | undefined;
  readonly stop: readonly string[];
  readonly maxWords: number | undefined;
  readonly format?: ResolvedFormat;
}

/** One turn of a conversation. */
export interface ChatTurn {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/**
 * The resolution at which the model sees an image: a side in pixels, or a word. Which sides are possible depends on the
 * model's family. For FastVLM it is the side of a square, a multiple of 64 from 64 to 2048. For SmolVLM it is the
 * longest side, a multiple of 512 from 512 to 2048; the image is cut into tiles of 512, and never enlarged by more than
 * it takes to fill them.
 * `low`, `medium` and `high` are a quarter, half and all of the model's own size: for SmolVLM one tile, up to 5 and up to
 * 17. `auto` is the largest size that this device encodes within `targetLatencyMs`, but not larger than the image.
 */
export type ImageDetail = "low" | "medium" | "high" | "auto" | number;

/**
 * How an image becomes the squares that the encoder sees. `pad` adds a black border and keeps the whole image, `crop` cuts
 * the longer side off, `stretch` keeps the whole image and changes the ratio of its sides. With `pad` and `crop` SmolVLM
 * sees a square, and with `stretch`, for which it was trained, as many tiles in each direction as the image is long.
 */
export type ImageFit = "pad" | "crop" | "stretch";

/**
 * How urgent a call is. `interactive` (default): somebody waits for the answer. `background`: it goes after interactive
 * calls, and at the latest after eight of them.
 */
export type CallPriority = "interactive" | "background";

/** At most `calls` calls are made within any `perMs` milliseconds. */
export interface RateLimit {
  readonly calls: number;
  readonly perMs: number;
  /**
   * `client` (default): the calls of one `Vlm`. `origin`: those of all tabs of the origin whose `cache` has the same name. Their
   * times are in `localStorage`; without it, the limit is that of `client`.
   */
  readonly scope?: "client" | "origin";
}

/** The default of `timeoutMs`: 30 s for loading the images and for inference. */
export const DEFAULT_TIMEOUT_MS = 30_000;
