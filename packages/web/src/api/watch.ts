/** The options of a watch, and what it returns. */

import type { VlmError } from "../protocol/errors.ts";
import type { VlmResult } from "../protocol/result.ts";
import type { CaptionOptions } from "./calls.ts";

/**
 * What can be watched. To watch a camera, show its `MediaStream` in a video element: `video.srcObject = stream`. A
 * WebGL canvas can be read only if its context was created with `preserveDrawingBuffer`.
 */
export type VideoSource = HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas;

/**
 * Options of `vlm.watch`. The options of a call apply to each question; `preset` and `maxWords` apply only without
 * `prompt`. Answers are never cached.
 */
export interface WatchOptions extends Omit<CaptionOptions, "cache" | "signal" | "mode"> {
  /** Receives each answer. It is not called again after `stop()` or after the signal's abort. */
  readonly onCaption: (result: WatchResult) => void;
  /** The question about each frame. Default: a caption. */
  readonly prompt?: string;
  /**
   * Receives temporary failures, such as a lost GPU; the watch retries with back-off. Without `onError` the first error
   * ends the watch.
   */
  readonly onError?: (error: VlmError) => void;
  /** Ends the watch as `stop()` does. */
  readonly signal?: AbortSignal;
  /**
   * The least time from the start of one question to the start of the next, in milliseconds. Default 500. A slow device
   * waits longer, because it rests after each answer for as long as the answer took.
   */
  readonly minIntervalMs?: number;
  /**
   * How much a part of the frame has to differ from the frame of the last answer before a new question is asked: from
   * 0 (every frame is asked about) to 1 (black became white). Default 0.05.
   */
  readonly changeThreshold?: number;
}

/** An answer about one frame. */
export interface WatchResult extends VlmResult {
  /** The time of the frame in the video, in seconds; undefined for a canvas. */
  readonly mediaTime: number | undefined;
}

/** A video that is being watched. */
export interface Watch {
  /** Ends the watch and the question in flight. */
  stop(): void;
  /**
   * Resolves after `stop()` or after the signal's abort. Rejects with the error that ended the watch. With `onError`
   * that is an error that would happen again with the next frame; without it, any error.
   */
  readonly done: Promise<void>;
}

export const DEFAULT_MIN_INTERVAL_MS = 500;

/**
 * Measured on 48 drawn scenes of 640 × 480 pixels. Strong noise (σ 15) changes a frame by up to 0.024, and 3 % more
 * light by up to 0.027. These should not trigger a question. A shift by 8 pixels makes 0.033 in half of the scenes, a
 * dark object of 15 % of each side over 0.079 in nine of ten, and another scene 0.2 or more.
 */
export const DEFAULT_CHANGE_THRESHOLD = 0.05;
