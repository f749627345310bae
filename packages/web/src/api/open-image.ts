/// <reference lib="esnext.disposable" preserve="true" />

/** An image that stays open for several questions. */

import type { GenerateEvent, ImageInfo, VlmResult } from "../protocol/result.ts";
import type { CaptionOptions, GenerateRequest, ImageViewOption } from "./calls.ts";

/** Options of a question about an open image. */
export type ImageQuestion = Omit<GenerateRequest, "prompt" | "image" | "mode" | ImageViewOption>;

/** An image that was encoded once. Every question about it reuses its features. */
export interface OpenImage extends Disposable {
  readonly info: ImageInfo;
  /** Like {@link Vlm.generate}. Here `cache: false` leaves out remembered answers only; the features are reused. */
  ask(prompt: string, options?: ImageQuestion): AsyncGenerator<GenerateEvent, void, undefined>;
  /** Like {@link Vlm.caption}. */
  caption(options?: Omit<CaptionOptions, "mode" | ImageViewOption>): Promise<VlmResult>;
  /** Releases the image. Later questions fail with an `InvalidStateError`. */
  close(): void;
}
