/** An image that stays open. The page keeps the image, and the worker keeps its features. */

import type { ImageInfo } from "../protocol/result.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { DISPOSE } from "../shared/dispose-symbols.ts";
import { releaseImage } from "../sources/take-images.ts";
import type { OpenImage } from "../api/open-image.ts";

export class OpenImageHandle implements OpenImage {
  readonly info: ImageInfo;
  readonly #image: WireImage;
  readonly #questions: Pick<OpenImage, "ask" | "caption">;
  #isClosed = false;

  /** @param questions asks the questions about this image */
  constructor(image: WireImage, info: ImageInfo, questions: Pick<OpenImage, "ask" | "caption">) {
    this.#image = image;
    this.info = info;
    this.#questions = questions;
  }

  ask(...question: Parameters<OpenImage["ask"]>): ReturnType<OpenImage["ask"]> {
    this.#assertOpen();
    return this.#questions.ask(...question);
  }

  async caption(...options: Parameters<OpenImage["caption"]>): ReturnType<OpenImage["caption"]> {
    this.#assertOpen();
    return this.#questions.caption(...options);
  }

  close(): void {
    this.#isClosed = true;
    releaseImage(this.#image);
  }

  [DISPOSE](): void {
    this.close();
  }

  #assertOpen(): void {
    if (!this.#isClosed) return;
    throw new DOMException(
      "This image was closed. Open it again with `vlm.open`.",
      "InvalidStateError",
    );
  }
}
