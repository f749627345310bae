/** What a call gives back, and the events it streams on the way. */

import type { DeviceAttempt } from "./errors.ts";
import type { GraphReport } from "./graph-report.ts";
import type { Device } from "./model-descriptor.ts";

/**
 * Why generation ended: the model said so, `maxNewTokens` was reached, a stop string appeared, or
 * `maxWords` was reached.
 */
export type FinishReason = "stop" | "length" | "stop-string" | "max-words";

/** Where the time of one call went, in milliseconds. Stages that did not run are 0. */
export interface Timings {
  /** Waiting for earlier calls. */
  readonly queueMs: number;
  /** Fetching (for URLs), validating and decoding the images. */
  readonly imageDecodeMs: number;
  /** Resizing, padding and normalising. */
  readonly preprocessMs: number;
  /** The vision encoder and projector. */
  readonly visionMs: number;
  /** From the encoded images to the first token. */
  readonly prefillMs: number;
  /** All tokens after the first. */
  readonly decodeMs: number;
  /** From the end of the queue to the first token: the sum of the five stages above. */
  readonly timeToFirstTokenMs: number;
  /** Everything, the queue included. */
  readonly totalMs: number;
}

/** Token counts of one call. */
export interface TokenCounts {
  /** Positions taken by images. */
  readonly image: number;
  /** Text of the prompt, the chat template included. */
  readonly prompt: number;
  /** Of these two: positions that an earlier prompt had brought, and that took no time. */
  readonly reused: number;
  readonly output: number;
}

/** Which model answered. */
export interface ModelInfo {
  readonly id: string;
  readonly revision: string;
  /** The precision of the files that ran, e.g. `int8`. */
  readonly variant: string;
}

/** Why the model does not run on the first choice of device. */
export interface FallbackInfo extends DeviceAttempt {
  /** The device that it runs on instead. */
  readonly to: Device;
}

/** The answer and what happened on the way to it. */
export interface VlmResult {
  /** Untrusted model output: show it as text, never as HTML. */
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly model: ModelInfo;
  readonly device: Device;
  /** Present when an earlier choice of device was turned down. */
  readonly fallback?: FallbackInfo;
  /** Whether the answer came from the result cache. Timings are then of the look-up. */
  readonly cached: boolean;
  readonly timings: Timings;
  readonly tokens: TokenCounts;
  /** The images, as they were looked at. */
  readonly images: readonly ImageInfo[];
  /** Output tokens a second after the first token; 0 with fewer than two tokens. */
  readonly tokensPerSecond: number;
}

/** A decoded and preprocessed image. */
export interface ImageInfo {
  /** Of the image as shown: orientation applied. */
  readonly width: number;
  readonly height: number;
  /** Side of the square that the encoder sees, in pixels. */
  readonly size: number;
  /** Positions that it takes in the prompt. */
  readonly tokens: number;
}

/** What `generate` streams, in this order; `text-delta` repeats, `image-ready` only comes with images. */
export type GenerateEvent =
  | { readonly type: "queued"; /** Calls before this one. */ readonly position: number }
  | { readonly type: "image-ready"; readonly images: readonly ImageInfo[] }
  | { readonly type: "text-delta"; readonly text: string }
  | { readonly type: "done"; readonly result: VlmResult };

/**
 * What a download is doing: fetching; paused by the app; waiting before it tries again; or watching
 * another tab fetch the same files.
 */
export type DownloadState = "downloading" | "paused" | "retrying" | "in-other-tab";

/** Progress of a download, over all files together. The first report has the whole total. */
export interface DownloadProgress {
  readonly state: DownloadState;
  readonly loadedBytes: number;
  /** Exact, as soon as the server has been asked where the model's manifest does not know. */
  readonly totalBytes: number;
  /** Bytes that were stored before this download began; part of `loadedBytes`. */
  readonly cachedBytes: number;
  /** Of the last seconds; 0 while nothing arrives. */
  readonly bytesPerSecond: number;
  /** At that rate; undefined while it is not known. */
  readonly remainingMs: number | undefined;
}

/**
 * How a decoder runs: as its file has it; rewritten, so that a token costs less; or rewritten, with steps
 * that a GPU captures once and then replays.
 */
export type DecoderForm = "plain" | "rewritten" | "captured";

/** Something the host may want to know that is no failure of a call. */
export type VlmEvent =
  | { readonly type: "device-fallback"; readonly fallback: FallbackInfo }
  | {
      readonly type: "worker-restarted";
      readonly reason: "worker-crashed" | "device-lost" | "unresponsive";
    }
  /**
   * onnxruntime's threads did not start, so that it runs on one: slower, and otherwise the same.
   * `threads-stuck`: they did not answer in time; `threads-failed`: the browser refused them.
   */
  | {
      readonly type: "threads-fallback";
      readonly reason: "threads-stuck" | "threads-failed";
      readonly message: string;
    }
  /**
   * The decoder does not run in this form here, because it gave other numbers than the graph of the model's
   * file when this device saw it first. Answers are right, and slower. `likeness` is the cosine of both
   * graphs' logits, undefined where the form did not run at all. Worth a report to the kit.
   */
  | {
      readonly type: "rewrite-refused";
      readonly graph: "decoder";
      readonly refused: DecoderForm;
      readonly runs: DecoderForm;
      readonly likeness: number | undefined;
    }
  /** A graph of the model was loaded, with what was changed in it and what was not: worth a place in a bug report. */
  | { readonly type: "graph-prepared"; readonly report: GraphReport }
  /** IndexedDB is missing or failed: this session caches in memory only. */
  | { readonly type: "storage-degraded"; readonly reason: string };
