/** What an app asks of a model: the options of a call. */

import type { CaptionPresetName } from "../protocol/model-descriptor.ts";
import type { ChatTurn, GenerationOptions, ImageDetail, ImageFit } from "../protocol/options.ts";
import type { ImageSource } from "./image-source.ts";

/** Options that every call has. */
export interface CallOptions extends GenerationOptions {
  /** Ends this call at once with the signal's reason; the model stays loaded. */
  readonly signal?: AbortSignal;
  /**
   * Milliseconds for the images and the inference together: an image element that has not loaded and an
   * address that is slow count, waiting in the queue behind other calls does not. Default 30,000.
   */
  readonly timeoutMs?: number;
  /** How an image that is not square is fitted. Default `pad`: nothing is cut off. */
  readonly fit?: ImageFit;
  /**
   * How many pixels the encoder sees; fewer are faster. Default `high`, the model's own size. A file
   * whose encoder takes one size only is always given that; the result's `images` say what was used.
   */
  readonly detail?: ImageDetail;
  /** What `detail: "auto"` aims at, in milliseconds. Default 250 on WebGPU, 2000 on WASM. */
  readonly targetLatencyMs?: number;
  /**
   * `false` computes everything: no answer, image or beginning of a prompt is taken from earlier
   * calls or kept for later ones. Default `true`.
   */
  readonly cache?: boolean;
}

/** A question, about images or about none. */
export interface GenerateRequest extends CallOptions {
  readonly prompt: string;
  /** One image or several, in the order in which the prompt speaks of them. */
  readonly image?: ImageSource | readonly ImageSource[];
  /** Replaces the chat template's own system text. */
  readonly system?: string;
  /**
   * Earlier turns of the conversation, beginning with the user's. Images belong to the first one.
   * What earlier calls computed of them is reused.
   */
  readonly history?: readonly ChatTurn[];
}

/** Options that say how an image is looked at. */
export type ImageViewOption = "fit" | "detail" | "targetLatencyMs";

/** How an image is opened. */
export type OpenOptions = Pick<CallOptions, ImageViewOption | "signal" | "timeoutMs">;

/** How a caption is worded. */
export interface CaptionOptions extends CallOptions {
  /** Default `brief`. */
  readonly preset?: CaptionPresetName;
  /** Upper bound in words; the caption still ends on a sentence. */
  readonly maxWords?: number;
}
