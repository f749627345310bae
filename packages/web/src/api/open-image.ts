/** An image that stays open for more questions. */

import type { GenerateEvent, ImageInfo, VlmResult } from "../protocol/result.ts";
import type { CaptionOptions, GenerateRequest, ImageViewOption } from "./calls.ts";

/** What is asked about an image that is open. */
export type ImageQuestion = Omit<GenerateRequest, "prompt" | "image" | ImageViewOption>;

/** An image that was encoded once and can be asked about as often as it takes. */
export interface OpenImage extends Disposable {
  readonly info: ImageInfo;
  /** As {@link Vlm.generate}. `cache: false` leaves out remembered answers only. */
  ask(prompt: string, options?: ImageQuestion): AsyncGenerator<GenerateEvent, void, undefined>;
  /** As {@link Vlm.caption}. */
  caption(options?: Omit<CaptionOptions, ImageViewOption>): Promise<VlmResult>;
  /** Lets the image go; later questions throw. */
  close(): void;
}
