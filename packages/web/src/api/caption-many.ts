/** Captions of many images. */

import type { CaptionPresetName } from "../protocol/model-descriptor.ts";
import type { VlmResult } from "../protocol/result.ts";
import type { CaptionOptions } from "./calls.ts";
import type { ImageSource } from "./image-source.ts";

/** An image with a name of the app's. */
export interface KeyedImage {
  readonly image: ImageSource;
  /** What the app calls the image: a path, an id. It comes back with the outcome, and `skip` gets it. */
  readonly key: string;
  /** Takes this image alone out of the run: its outcome is the signal's reason. */
  readonly signal?: AbortSignal;
  /** Another kind of caption than that of the run. */
  readonly preset?: CaptionPresetName;
}

/** The images of {@link CaptionManyOptions}: any list, or a generator that reads files when they are needed. */
export type ManyImages =
  Iterable<ImageSource | KeyedImage> | AsyncIterable<ImageSource | KeyedImage>;

/** How far a run is. */
export interface CaptionManyProgress {
  readonly answered: number;
  readonly failed: number;
  /** Left out because `skip` said so. */
  readonly skipped: number;
  /** How many images there are, where the list says it; a generator does not. */
  readonly total: number | undefined;
}

/** Options of `vlm.captionMany`, those of each caption among them. */
export interface CaptionManyOptions extends CaptionOptions {
  /** `given` (default): outcomes come in the order of the images. `done`: each comes as soon as it is there. */
  readonly order?: "given" | "done";
  /** How many images are worked on at once. Default: one more than the workers that there may be, so that none waits. */
  readonly concurrency?: number;
  /** Says that an image needs no caption, because an earlier run has captioned it. Images without a key get their number. */
  readonly skip?: (key: string) => boolean | Promise<boolean>;
  /** Called after each image. */
  readonly onProgress?: (progress: CaptionManyProgress) => void;
}

/** What became of one image. */
export type CaptionOutcome = {
  /** The number of the image among all that were given, from 0. */
  readonly index: number;
  /** The key of the image, or its number as a text. */
  readonly key: string;
} & (
  | { readonly result: VlmResult; readonly error?: undefined }
  /** Why this image has no caption. The others go on. */
  | { readonly error: Error; readonly result?: undefined }
);
