/** Options of a generation and of a call's images. */

/** How text is generated. Greedy unless `temperature` is above 0. */
export interface GenerationOptions {
  /** Upper bound of the answer, in tokens. Default 128. */
  readonly maxNewTokens?: number;
  /** 0 (default) picks the likeliest token; higher is more varied. */
  readonly temperature?: number;
  /** Nucleus: samples from the smallest set of tokens with this probability mass. Default 1 (off). */
  readonly topP?: number;
  /** Samples from this many likeliest tokens. Default 0 (off). */
  readonly topK?: number;
  /** Above 1 makes tokens that already occurred less likely (Keskar et al. 2019, arXiv 1909.05858). Default 1 (off). */
  readonly repetitionPenalty?: number;
  /** Makes sampling repeatable. Without it every call differs. */
  readonly seed?: number;
  /** Generation ends before any of these strings would appear. */
  readonly stop?: readonly string[];
}

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
}

/** One turn of a conversation. */
export interface ChatTurn {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/**
 * How many pixels of an image the encoder sees: the side of the square, a multiple of 64, or a word
 * for it. `low`, `medium` and `high` are a quarter, half and all of the model's own size; `auto` is the
 * largest that this device encodes within `targetLatencyMs`, and never more than the image has.
 */
export type ImageDetail = "low" | "medium" | "high" | "auto" | number;

/** How an image becomes the encoder's square: `pad` keeps all of it, `crop` cuts the longer side. */
export type ImageFit = "pad" | "crop";

/** The default of `timeoutMs`: 30 s for images and inference. */
export const DEFAULT_TIMEOUT_MS = 30_000;
