/** A picture that stays open: the page keeps it, the worker what it computed of it. */

import type { ImageInfo } from "../protocol/result.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { DISPOSE } from "../shared/dispose-symbols.ts";
import { letGo } from "../sources/take-images.ts";
import type { Photo } from "../api/open-image.ts";

export class OpenPhoto implements Photo {
  readonly info: ImageInfo;
  readonly #picture: WireImage;
  readonly #questions: Pick<Photo, "ask" | "caption">;
  #isClosed = false;

  /** @param questions about this picture */
  constructor(picture: WireImage, info: ImageInfo, questions: Pick<Photo, "ask" | "caption">) {
    this.#picture = picture;
    this.info = info;
    this.#questions = questions;
  }

  ask(...question: Parameters<Photo["ask"]>): ReturnType<Photo["ask"]> {
    this.#assertOpen();
    return this.#questions.ask(...question);
  }

  async caption(...options: Parameters<Photo["caption"]>): ReturnType<Photo["caption"]> {
    this.#assertOpen();
    return this.#questions.caption(...options);
  }

  close(): void {
    this.#isClosed = true;
    letGo(this.#picture);
  }

  [DISPOSE](): void {
    this.close();
  }

  #assertOpen(): void {
    if (!this.#isClosed) return;
    throw new DOMException(
      "This picture was closed. Open it again with `vlm.open`.",
      "InvalidStateError",
    );
  }
}
