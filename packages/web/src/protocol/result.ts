/** The result of a call, and the events that it streams before. */

import type { CircuitChange } from "./circuit.ts";
import type { DeviceAttempt, VlmErrorCode } from "./errors.ts";
import type { GraphReport } from "./graph-report.ts";
import type { CaptionPresetName, Device } from "./model-descriptor.ts";
import type { NodeFailure, NodeReport, RanOn } from "./remote.ts";
import type { ScalingReason } from "./scaling.ts";
import type { StartProblem } from "./start-problem.ts";
import type { UntrustedText } from "./untrusted-text.ts";

/**
 * Why the answer ended. `stop`: the model ended it. `length`: it reached `maxNewTokens`. `stop-string`: one of the
 * strings in `stop` came next. `max-words`: it reached `maxWords`.
 */
export type FinishReason = "stop" | "length" | "stop-string" | "max-words";

/** How long each stage of a call took, in milliseconds. A stage that did not run is 0. */
export interface Timings {
  /** The wait for earlier calls. */
  readonly queueMs: number;
  /** Checking and decoding the images. The page fetches and copies them before, which no timing counts. */
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
  /** Positions that images take in the prompt. A remote node counts them in `prompt`. */
  readonly image: number;
  /** Text tokens of the prompt, with those of the chat template; 0 if a remote node does not count them. */
  readonly prompt: number;
  /** How many of the two above were in the KV cache of an earlier prompt, and were not computed again. */
  readonly reused: number;
  /** Tokens of the answer. */
  readonly output: number;
}

/** Which model answered. */
export interface ModelInfo {
  readonly id: string;
  readonly revision: string;
  /**
   * The precision of the files that ran, such as `int8`. A remote node does not tell: `remote`, as is
   * `revision`. `not-loaded`, of `vlm.model` only: no device has loaded the model yet, as may be with remote nodes.
   */
  readonly variant: string;
}

/** Why the model does not run on the device that was tried first. */
export interface FallbackInfo extends DeviceAttempt {
  /** The device that it runs on instead. */
  readonly to: Device;
}

/**
 * How sure the model was of its words: the probabilities that it gave to the answer's tokens (the softmax of its logits,
 * without temperature, penalties and `format`). A model can be sure of a wrong answer; compare answers of one model to
 * questions of one kind, and choose thresholds by measuring them.
 */
export interface Confidence {
  /** The mean of the tokens' probabilities; 0 to 1. */
  readonly mean: number;
  /** The least of them: how sure the model was where it was least sure. */
  readonly least: number;
  /**
   * The entropy of the first token, in nats: 0 if only one beginning of the answer was possible. Of a remote answer, the
   * least that it can be, since a node tells the likeliest tokens only.
   */
  readonly firstTokenEntropy: number;
}

/** The answer, and how it was computed. */
export interface VlmResult {
  /** The output of the model. Do not trust it: show it as text, never as HTML. */
  readonly text: UntrustedText;
  readonly finishReason: FinishReason;
  readonly model: ModelInfo;
  /** `remote`: not this device. */
  readonly device: Device | "remote";
  /** Where the answer was computed, and so whether images and prompt left the device. */
  readonly ranOn: RanOn;
  /** Present if a device that was tried earlier was turned down. */
  readonly fallback?: FallbackInfo;
  /** Whether the answer came from the result cache. `timings` are then those of the look-up. */
  readonly cached: boolean;
  readonly timings: Timings;
  readonly tokens: TokenCounts;
  /** Absent if a remote node did not tell the probabilities of its tokens. */
  readonly confidence?: Confidence;
  /** Of an answer that was chosen from options: the probability of each, in their order. Together they are 1. */
  readonly probabilities?: readonly number[];
  /** The images, with the size at which the encoder saw them. */
  readonly images: readonly ImageInfo[];
  /** Output tokens per second, counted after the first token; 0 if there are fewer than two tokens. */
  readonly tokensPerSecond: number;
}

/** A decoded and preprocessed image. */
export interface ImageInfo {
  /** Width of the image in pixels, after it was turned upright; so is `height`. */
  readonly width: number;
  readonly height: number;
  /** Side of the square that the encoder sees, in pixels; for a model that sees tiles, the longest side of all of them. */
  readonly size: number;
  /** Positions that the image takes in the prompt. */
  readonly tokens: number;
  /**
   * Present if the image's file ends before its image does, as after a broken download. The answer is about the part that
   * there is; what is missing is white or grey.
   */
  readonly truncated?: true;
  /** Why the answer may be of little use; present if there is such a reason. The call does not fail because of it. */
  readonly hints?: readonly ImageHint[];
}

/** The hints that an image's pixels give, and not its sides. */
export type PixelHint = Exclude<ImageHint["code"], "very-long">;

/** Something about an image that an app may want to tell its user. */
export interface ImageHint {
  /**
   * `nearly-uniform`: nearly all pixels have one colour. `transparent`: every pixel is transparent, as on a WebGL canvas
   * without `preserveDrawingBuffer`. `very-long`: one side is more than 8 times the other, as of a screenshot of a whole
   * page, so that the model sees what is on it very small.
   */
  readonly code: "nearly-uniform" | "transparent" | "very-long";
  /** What was found, and what to do. For developers, in English. */
  readonly message: string;
}

/**
 * The events of `generate`, in this order. `image-ready` comes only with images. `tile-encoded` comes only with a model
 * that cuts images into tiles, for each tile of a call that has several; it says how many of them the encoder has done, or
 * found among those of earlier calls. `text-delta` comes many times.
 */
export type GenerateEvent =
  | { readonly type: "queued"; /** Calls before this one. */ readonly position: number }
  | { readonly type: "image-ready"; readonly images: readonly ImageInfo[] }
  | {
      readonly type: "tile-encoded";
      readonly tiles: number;
      /** Tiles of all images of the call. */
      readonly totalTiles: number;
    }
  | { readonly type: "text-delta"; readonly text: UntrustedText }
  | { readonly type: "done"; readonly result: VlmResult };

/**
 * What a download does at the moment. `downloading`: it fetches. `paused`: the app has paused it. `retrying`: it waits
 * before the next attempt. `in-other-tab`: another tab fetches the same files.
 */
export type DownloadState = "downloading" | "paused" | "retrying" | "in-other-tab";

/** The progress of a download, over all files together. The total is complete from the first report on. */
export interface DownloadProgress {
  readonly state: DownloadState;
  readonly loadedBytes: number;
  /** Bytes of all files. If the descriptor has estimates, this becomes exact when the server has answered. */
  readonly totalBytes: number;
  /** Bytes that were stored before this download began; they are a part of `loadedBytes`. */
  readonly cachedBytes: number;
  /** The rate of the last seconds; 0 while nothing arrives. */
  readonly bytesPerSecond: number;
  /** The time left at that rate; undefined while the rate is not known. */
  readonly remainingMs: number | undefined;
}

/**
 * How a decoder runs. `plain`: as its file has it. `rewritten`: changed, so that a token costs less. `captured`: changed,
 * and with steps that the GPU captures once and then replays.
 */
export type DecoderForm = "plain" | "rewritten" | "captured";

/** A call that has ended, without anything of what was asked, shown or answered. */
export interface EndedCall {
  /** When the app made the call, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** From the call to its end, in milliseconds, with the time that the page took to fetch and copy images. */
  readonly durationMs: number;
  /** What was asked for: a caption by one of the model's presets, an answer to a prompt, or one of several options. */
  readonly task: CaptionPresetName | "prompt" | "choice";
  /**
   * The kind of each image: a file, or pixels of an element, a bitmap or image data. Empty where the images could not
   * be taken.
   */
  readonly imageKinds: readonly ("file" | "pixels")[];
  /** `aborted`: the caller gave the call up. */
  readonly outcome: "answered" | "failed" | "aborted";
  /** Why the call failed: a code of `VlmError`, `TypeError`, `InvalidStateError`, or `_OTHER`. */
  readonly errorType?: string;
  /** What the result says besides its text; present if the call was answered. */
  readonly result?: Pick<
    VlmResult,
    "cached" | "device" | "timings" | "tokens" | "tokensPerSecond" | "finishReason" | "confidence"
  >;
}

/** How many threads compute on the CPU, and why. */
export interface ThreadsChosen {
  readonly threads: number;
  /**
   * How many times as fast all threads are as one, as measured. If two loads find less than 0.75, the next starts use one
   * thread. A measurement ends once 1.1 is reached.
   */
  readonly speed: number;
  /** Whether this load has measured it. If not, earlier ones have: of the last day where threads are slower, else of the last month. */
  readonly isMeasuredNow: boolean;
}

/** An event that the app may want to know of, and that makes no call fail. */
export type VlmEvent =
  /** A call has ended, whether it was answered or not. */
  | { readonly type: "call-ended"; readonly call: EndedCall }
  | { readonly type: "device-fallback"; readonly fallback: FallbackInfo }
  | {
      readonly type: "worker-restarted";
      /**
       * `out-of-memory` and `session-failed`: a call failed with this error, and a fresh worker has fresh memory and
       * sessions. `device-check-failed`: the check that `health({ deep: true })` made.
       */
      readonly reason:
        | "worker-crashed"
        | "device-lost"
        | "unresponsive"
        | "out-of-memory"
        | "session-failed"
        | "device-check-failed";
    }
  /**
   * The page and its workers take more memory than `maxMemoryBytes`. The kit drops what it can compute again; if the next
   * measurement is over the limit too, it ends the worker when no call runs.
   */
  | {
      readonly type: "memory-pressure";
      readonly usedBytes: number;
      readonly limitBytes: number;
    }
  /** The worker of a model that nobody used was ended, to free its memory. The next call starts another. */
  | { readonly type: "worker-unloaded"; readonly reason: "idle" | "memory" }
  /** With `share: "tabs"`: this tab runs the model for all tabs, or uses the model that another one runs. */
  | { readonly type: "tab-role"; readonly role: "leader" | "follower" }
  /** A pool has more or fewer workers now. Those that are added still have to load the model. */
  | {
      readonly type: "scaled";
      readonly from: number;
      readonly to: number;
      readonly reason: ScalingReason;
    }
  /** The circuit breaker of a device opened, tries the device again, or closed. */
  | ({ readonly type: "circuit-changed" } & CircuitChange)
  /**
   * onnxruntime's threads did not start, so it runs on one thread: slower, but with the same answers. `threads-stuck`: the
   * threads did not answer in time. `threads-failed`: the browser refused them. Where it is known why, `reason` says it, such
   * as `trusted-types`, and `message` has the remedy.
   */
  | {
      readonly type: "threads-fallback";
      readonly reason: "threads-stuck" | "threads-failed" | StartProblem;
      readonly message: string;
    }
  /**
   * How many threads compute on the CPU, where the page allows several and `wasmThreads` does not say how many. Told at each load.
   */
  | ({ readonly type: "threads-chosen" } & ThreadsChosen)
  /**
   * Something of how the app, or the model's files, are served makes the kit work worse than it could. It goes on. `message` has
   * the remedy.
   */
  | { readonly type: "setup-problem"; readonly reason: StartProblem; readonly message: string }
  /**
   * The decoder does not run in the form `refused`, because on this device that form computed other numbers than the
   * graph in the model's file. It runs in the form `runs`, whose answers are right but slower. `likeness` is the cosine
   * of the logits of both graphs; it is undefined if the refused form did not run at all. Please report this event.
   */
  | {
      readonly type: "rewrite-refused";
      readonly graph: "decoder";
      readonly refused: DecoderForm;
      readonly runs: DecoderForm;
      readonly likeness: number | undefined;
    }
  /** A graph of the model was loaded. `report` says which changes were made in it. Add it to a bug report about speed. */
  | { readonly type: "graph-prepared"; readonly report: GraphReport }
  /** What is known of a remote node has changed; `reason` says why it is not healthy. */
  | {
      readonly type: "node-changed";
      readonly node: string;
      readonly state: NodeReport["state"];
      readonly reason: NodeFailure | undefined;
    }
  /**
   * A call goes on in another place, because the first one did not answer it: `reason` is the code of the device's error, or
   * why the last node that was asked failed.
   */
  | {
      readonly type: "node-fallback";
      readonly from: "device" | "remote";
      readonly to: "device" | "remote";
      readonly reason: VlmErrorCode | NodeFailure;
    }
  /** Storage is missing or failed. This session keeps in memory what it could not store. */
  | { readonly type: "storage-degraded"; readonly reason: string };
