/** Takes the images of a call from the page, until its signals abort or its time is over. */

import { VlmError } from "../protocol/errors.ts";
import { untilAborted } from "../shared/abortable-wait.ts";
import type { WireImage } from "../wire/worker-api.ts";
import { toWireImage } from "./image-source.ts";
import type { ImageSource } from "../api/image-source.ts";
import type { SnapshotOptions } from "./snapshot-options.ts";

export interface TakeOptions extends Omit<SnapshotOptions, "signal"> {
  /** Each of these signals can end the wait. */
  readonly signals: readonly AbortSignal[];
  readonly timeoutMs: number;
}

export interface TakenImages {
  readonly images: readonly WireImage[];
  /** How long it took, in milliseconds. */
  readonly waitedMs: number;
  /** Frees the pixels. */
  readonly release: () => void;
}

/**
 * Takes snapshots of all images, or of none.
 *
 * @throws {VlmError} what {@link toWireImage} throws; `timeout` when they are not there in time; the
 *   reason of the signal that aborts
 */
export async function takeImages(
  sources: readonly ImageSource[],
  { signals, timeoutMs, ...settings }: TakeOptions,
): Promise<TakenImages> {
  const startedAt = performance.now();
  const ending = new AbortController();
  const signal = AbortSignal.any([...signals, ending.signal]);
  signal.throwIfAborted();
  const timer = setTimeout(() => {
    ending.abort(notThere(timeoutMs));
  }, timeoutMs);
  const taking = sources.map((source) => toWireImage(source, { ...settings, signal }));
  try {
    const images = await untilAborted(Promise.all(taking), signal);
    const waitedMs = performance.now() - startedAt;
    return {
      images,
      waitedMs,
      release: () => {
        images.forEach(releaseImage);
      },
    };
  } catch (error) {
    ending.abort(error); // The pixels of the others are freed as soon as they arrive.
    for (const one of taking) one.then(releaseImage, () => undefined);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Frees the pixels of a snapshot. */
export function releaseImage(image: WireImage): void {
  if (image.kind === "bitmap") image.bitmap.close();
}

function notThere(timeoutMs: number): VlmError<"timeout"> {
  return new VlmError(
    "timeout",
    `The image was not there after ${String(timeoutMs)} ms. Check that its address answers, or wait for its \`load\` ` +
      'event first; one with `loading="lazy"` loads only where it is shown.',
    { timeoutMs, stage: "source" },
  );
}
