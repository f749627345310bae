/** What an app says about a video to watch, and what it gets back. */

import type { VlmError } from "../protocol/errors.ts";
import type { VlmResult } from "../protocol/result.ts";
import type { CaptionOptions } from "./calls.ts";

/**
 * What can be watched. A camera's `MediaStream` is shown by a video: `video.srcObject = stream`. A WebGL canvas
 * keeps its frame to be read with `preserveDrawingBuffer` only.
 */
export type VideoSource = HTMLVideoElement | HTMLCanvasElement | OffscreenCanvas;

/**
 * How a video is watched. The options of a call hold for each question; `preset` and `maxWords` only
 * without `prompt`. Answers are never cached.
 */
export interface WatchOptions extends Omit<CaptionOptions, "cache" | "signal"> {
  /** Gets each answer. Not called again after `stop()` or the signal's abort. */
  readonly onCaption: (result: WatchResult) => void;
  /** The question about each frame. Default: a caption. */
  readonly prompt?: string;
  /** Gets the error of one frame; the watch goes on. Without it the first error ends the watch. */
  readonly onError?: (error: VlmError) => void;
  /** Ends the watch as `stop()` does. */
  readonly signal?: AbortSignal;
  /**
   * Least time from one question to the next. Default 500. A slow device waits longer: after each
   * answer it rests for as long as the answer took.
   */
  readonly minIntervalMs?: number;
  /**
   * How much a part of the image has to change, compared with the frame of the last answer, from
   * 0 (ask about every frame) to 1 (black to white). Default 0.05.
   */
  readonly changeThreshold?: number;
}

/** An answer about one frame. */
export interface WatchResult extends VlmResult {
  /** The frame's place in the video, in seconds; undefined for a canvas. */
  readonly mediaTime: number | undefined;
}

/** A video that is being watched. */
export interface Watch {
  /** Ends the watch and the question in flight. */
  stop(): void;
  /**
   * Resolves after `stop()` or the signal's abort. Rejects with the error that ended the watch: one that the
   * next frame would meet too, or any where there is no `onError`.
   */
  readonly done: Promise<void>;
}

export const DEFAULT_MIN_INTERVAL_MS = 500;

/**
 * Of 48 drawn scenes at 640 × 480, strong noise (σ 15) makes up to 0.024 and 3 % more light up to 0.027; a shift
 * by 8 pixels makes 0.033 in half of them, a dark thing of 15 % of each side over 0.079 in nine of ten, and another
 * scene 0.2 and more.
 */
export const DEFAULT_CHANGE_THRESHOLD = 0.05;
