/** Asks questions about a video while it plays: one at a time, always about the newest frame. */

import { frameDifference } from "../image/tensor/frame-difference.ts";
import { VlmError, type VlmErrorCode } from "../protocol/errors.ts";
import type { ImageSides } from "../protocol/image-sides.ts";
import type { VlmResult } from "../protocol/result.ts";
import { toFrameSource, type FrameSource } from "./frame-source.ts";
import { guardCallback } from "../shared/guard-callback.ts";
import type { ImageSource } from "../api/image-source.ts";
import type { Vlm } from "../api/vlm.ts";
import { frameOptions, watchOptions } from "../schema/call-options.ts";
import { assertDetail } from "../schema/detail.ts";
import { read } from "../schema/read.ts";
import { sleep } from "../shared/abortable-wait.ts";
import {
  DEFAULT_CHANGE_THRESHOLD,
  DEFAULT_MIN_INTERVAL_MS,
  type VideoSource,
  type Watch,
  type WatchOptions,
} from "../api/watch.ts";

/** The object that answers the questions; a `Vlm` does. */
export type Asked = Pick<Vlm, "caption" | "generate">;

/**
 * @param sides the sides of images that the model of `vlm` can take
 * @param disposed aborts when `vlm` is disposed of; `done` then rejects with its reason
 * @throws {TypeError} when an argument has a wrong type or is out of its range
 */
export function watchVideo(
  vlm: Asked,
  video: VideoSource,
  options: WatchOptions,
  { sides, disposed }: { sides: ImageSides; disposed: AbortSignal },
): Watch {
  const checked: WatchOptions = read(watchOptions, options, "options");
  assertDetail(checked.detail, sides);
  return watchFrames(vlm, toFrameSource(video), checked, disposed);
}

/** Does the same as {@link watchVideo} for frames of any source. */
export function watchFrames(
  vlm: Asked,
  frames: FrameSource,
  options: WatchOptions,
  disposed: AbortSignal,
): Watch {
  const stopping = new AbortController();
  const wanted = options.signal
    ? AbortSignal.any([options.signal, stopping.signal])
    : stopping.signal;
  const signal = AbortSignal.any([wanted, disposed]);
  return {
    stop: () => {
      stopping.abort();
    },
    done: runWatch(vlm, frames, options, signal).catch((error: unknown) => {
      if (!wanted.aborted) throw error;
    }),
  };
}

/** Asks until the signal aborts or an error ends it. */
async function runWatch(
  vlm: Asked,
  frames: FrameSource,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<void> {
  const { minIntervalMs = DEFAULT_MIN_INTERVAL_MS, changeThreshold = DEFAULT_CHANGE_THRESHOLD } =
    options;
  const onCaption = guardCallback(options.onCaption);
  const onError = options.onError && guardCallback(options.onError);
  let lastAnswered: Uint8ClampedArray | undefined;
  let failures = 0;
  while (true) {
    signal.throwIfAborted();
    await frames.whenLive(signal);
    const thumbnail = frames.thumbnail();
    if (thumbnail && lastAnswered && frameDifference(thumbnail, lastAnswered) < changeThreshold) {
      await frames.whenNext(signal);
      continue;
    }
    const { image, mediaTime } = frames;
    const askedAt = performance.now();
    try {
      const result = await ask(vlm, image, options, signal);
      signal.throwIfAborted();
      lastAnswered = thumbnail;
      failures = 0;
      onCaption({ ...result, mediaTime });
    } catch (error) {
      if (VlmError.is(error, "queue-full")) {
        // Other calls keep the device busy. That is no failure: a later frame is asked about.
        await sleep(error.details.retryAfterMs, signal);
        continue;
      }
      if (signal.aborted || !onError || !isTemporary(error)) throw error;
      failures += 1;
      onError(error);
    }
    await sleep(restMsOf(performance.now() - askedAt, minIntervalMs, failures), signal);
  }
}

async function ask(
  vlm: Asked,
  image: ImageSource,
  options: WatchOptions,
  signal: AbortSignal,
): Promise<VlmResult> {
  const { prompt } = options;
  const { preset, maxWords, ...answer } = read(frameOptions, options, "options");
  const request = { ...answer, signal, cache: false };
  if (prompt === undefined) {
    const wording = { ...(preset && { preset }), ...(maxWords !== undefined && { maxWords }) };
    return vlm.caption(image, { ...request, ...wording });
  }
  for await (const event of vlm.generate({ ...request, prompt, image })) {
    if (event.type === "done") return event.result;
  }
  throw new Error("The stream ended without `done`");
}

/** The longest rest. Without it, a page that slept during an answer would rest for as long as it slept. */
const MAX_REST_MS = 30_000;

const FIRST_REST_AFTER_FAILURE_MS = 1000;

/**
 * How long to rest after an answer, in milliseconds. At most half of the time is spent on answers. So the page stays
 * smooth, and a device that gets hot and slow is asked less. After failures the rest doubles each time.
 */
function restMsOf(tookMs: number, minIntervalMs: number, failures: number): number {
  const afterFailure = failures === 0 ? 0 : FIRST_REST_AFTER_FAILURE_MS * 2 ** (failures - 1);
  return Math.max(minIntervalMs - tookMs, Math.min(MAX_REST_MS, Math.max(tookMs, afterFailure)));
}

/** Errors that would happen again with the next frame. */
const FINAL_CODES: ReadonlySet<VlmErrorCode> = new Set<VlmErrorCode>([
  "environment-unsupported",
  "license-not-accepted",
  "network-forbidden",
  "model-invalid",
  "no-device",
  "device-check-failed",
  "context-overflow",
]);

/**
 * Whether a later frame may succeed. The kit recovers from lost GPUs and workers, memory and time may be short only for a
 * while, a network comes back, and a stream can change its size. Errors of other classes are wrong arguments, the end of
 * the client, or bugs.
 */
function isTemporary(error: unknown): error is VlmError {
  if (!VlmError.is(error) || FINAL_CODES.has(error.code)) return false;
  if (VlmError.is(error, "session-failed")) return error.details.stage === "run";
  if (VlmError.is(error, "image-unreadable")) return error.details.reason !== "cross-origin";
  return true;
}
