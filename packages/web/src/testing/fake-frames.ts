/** The frames of a video that a fake client watches: a test says when there is another one. */

import type { VideoSource } from "../api/watch.ts";
import { THUMBNAIL_SIDE } from "../image/tensor/frame-difference.ts";
import { waitFor } from "../shared/abortable-wait.ts";
import type { FrameSource } from "../watch/frame-source.ts";

/** Shows one frame from the beginning, and others when a test says so. */
export class FakeFrames {
  #shown = 1;
  readonly #waiting = new Set<() => void>();

  show(): void {
    this.#shown += 1;
    for (const resume of [...this.#waiting]) resume();
  }

  /** @param video what the app watches, which answers are about */
  sourceOf(video: VideoSource): FrameSource {
    let seen = 0;
    let colour = 0;
    return {
      image: video,
      mediaTime: undefined,
      thumbnail: () => {
        if (seen !== this.#shown) colour = (colour + 1) % COLOURS;
        seen = this.#shown;
        return plainThumbnail(colour);
      },
      whenLive: (signal) => {
        signal.throwIfAborted();
        return Promise.resolve();
      },
      whenNext: async (signal) => {
        while (seen === this.#shown) {
          await waitFor(signal, (resume) => {
            this.#waiting.add(resume);
            return () => this.#waiting.delete(resume);
          });
        }
      },
    };
  }
}

/** The corners of the cube of colours: any two differ by a third of what black and white differ by, or more. */
const COLOURS = 8;

function plainThumbnail(colour: number): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray(THUMBNAIL_SIDE * THUMBNAIL_SIDE * 4);
  for (let at = 0; at < pixels.length; at++) pixels[at] = (colour >> (at % 4)) & 1 ? 255 : 0;
  return pixels;
}
