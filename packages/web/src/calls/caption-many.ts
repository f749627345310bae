/**
 * Captions many images: a few at a time, so that no worker waits while the next image is fetched, and never so many that the
 * queue is full.
 */

import type { CaptionOptions } from "../api/calls.ts";
import type {
  CaptionManyOptions,
  CaptionManyProgress,
  CaptionOutcome,
  KeyedImage,
  ManyImages,
} from "../api/caption-many.ts";
import type { ImageSource } from "../api/image-source.ts";
import { VlmError } from "../protocol/errors.ts";
import type { VlmResult } from "../protocol/result.ts";
import { captionManyOptions } from "../schema/call-options.ts";
import { read } from "../schema/read.ts";
import { guardCallback } from "../shared/guard-callback.ts";

export interface ManyCaptioner {
  caption(image: ImageSource, options: CaptionOptions): Promise<VlmResult>;
  /** How many calls can run at once, when all workers that there may be are there. */
  readonly mostCalls: number;
}

/** So often an image waits for a device that rests after faults, before its outcome is that error. */
const MAX_RESTS = 3;

/**
 * @throws {TypeError} for wrong options, and where `images` is no list; the signal's reason when aborted; what the list
 *   throws; `InvalidStateError` when the client was disposed of
 */
export async function* captionMany(
  captioner: ManyCaptioner,
  images: ManyImages,
  given: CaptionManyOptions,
): AsyncGenerator<CaptionOutcome, void, undefined> {
  const checked: CaptionManyOptions = read(captionManyOptions, given, "options");
  const { order = "given", concurrency, skip, onProgress, signal, ...options } = checked;
  const list = iterate(images);
  const leave = new AbortController();
  const ended = signal ? AbortSignal.any([signal, leave.signal]) : leave.signal;
  const running = new Map<number, Promise<CaptionOutcome>>();
  const counts = { answered: 0, failed: 0, skipped: 0 };
  const total = countOf(images);
  const report = guardCallback(onProgress);
  const tell = (): void => {
    report({ ...counts, total } satisfies CaptionManyProgress);
  };
  let index = 0;
  let isAtEnd = false;

  /** Takes images until enough are worked on. */
  const fill = async (): Promise<void> => {
    while (!isAtEnd && running.size < (concurrency ?? captioner.mostCalls + 1)) {
      signal?.throwIfAborted();
      const next = await list.next();
      if (next.done === true) {
        isAtEnd = true;
        return;
      }
      const item = toKeyed(next.value, index);
      const place = index++;
      if (await skip?.(item.key)) {
        counts.skipped++;
        tell();
        continue;
      }
      const call = { priority: "background", ...options } as const;
      const outcome = outcomeOf(captioner, item, place, { ...call, signal: ended });
      // It may reject while the app is busy with an earlier outcome, or when nobody waits for it any more.
      outcome.catch(() => undefined);
      running.set(place, outcome);
    }
  };

  try {
    for (;;) {
      await fill();
      if (running.size === 0) return;
      const [first] = running.values();
      const outcome = await (order === "given" ? first! : Promise.race(running.values()));
      running.delete(outcome.index);
      signal?.throwIfAborted();
      if (outcome.error) counts.failed++;
      else counts.answered++;
      tell();
      yield outcome;
    }
  } finally {
    leave.abort();
    await list.return?.();
  }
}

/** Rejects only with what concerns every image: the client was disposed of. */
async function outcomeOf(
  captioner: ManyCaptioner,
  { image, key, signal: own, preset }: KeyedImage,
  index: number,
  options: CaptionOptions & { readonly signal: AbortSignal },
): Promise<CaptionOutcome> {
  const signal = own ? AbortSignal.any([options.signal, own]) : options.signal;
  for (let rests = 0; ; rests++) {
    try {
      const call = { ...options, signal, ...(preset && { preset }) };
      return { index, key, result: await captioner.caption(image, call) };
    } catch (error) {
      const waitMs =
        rests < MAX_RESTS || VlmError.is(error, "queue-full") ? restOf(error) : undefined;
      if (waitMs === undefined || signal.aborted) {
        if (!(error instanceof Error) || isOfClient(error, signal)) throw error;
        return { index, key, error };
      }
      await wait(waitMs, signal);
    }
  }
}

/** How long it takes until the same call may be taken; undefined where to wait does not help. */
function restOf(error: unknown): number | undefined {
  if (VlmError.is(error, "queue-full") || VlmError.is(error, "circuit-open")) {
    return error.details.retryAfterMs;
  }
  return undefined;
}

function isOfClient(error: Error, { aborted }: AbortSignal): boolean {
  return !aborted && error instanceof DOMException && error.name === "InvalidStateError";
}

/** Ends early when the signal aborts; the call after it then rejects with the reason. */
function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener("abort", end);
  });
}

type ImageIterator = Iterator<ImageSource | KeyedImage> | AsyncIterator<ImageSource | KeyedImage>;

function iterate(images: ManyImages): ImageIterator {
  // A text is a list of letters, and bytes are a list of numbers, but an app that passes them means one image.
  if (typeof images === "object" && !ArrayBuffer.isView(images)) {
    if (Symbol.asyncIterator in images) return images[Symbol.asyncIterator]();
    if (Symbol.iterator in images) return images[Symbol.iterator]();
  }
  throw new TypeError(
    "Expected `images` to be a list of images, such as an array, a FileList or a generator. Use `caption` for one image.",
  );
}

function countOf(images: ManyImages): number | undefined {
  const { length, size } = images as { readonly length?: unknown; readonly size?: unknown };
  const count = length ?? size;
  return typeof count === "number" ? count : undefined;
}

function toKeyed(given: ImageSource | KeyedImage, index: number): KeyedImage {
  const isKeyed = typeof given === "object" && "image" in given && "key" in given;
  return isKeyed ? given : { image: given, key: String(index) };
}
