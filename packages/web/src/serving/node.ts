/**
 * The seam to whatever can answer calls: a worker of this page with the model loaded (`local-node.ts`), or something
 * beyond the device. `active-model.ts` sees nothing else of them.
 */

import type { Device } from "../protocol/model-descriptor.ts";
import type { GenerateEvent, ImageInfo, VlmResult } from "../protocol/result.ts";
import type { GenerateCall, OpenCall } from "../wire/worker-api.ts";

/** What holds for every call, whatever it asks. */
export interface CallLimits {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** How much of `timeoutMs` was used to get the images. The wait in the queue does not count. */
  readonly waitedMs: number;
  /** How long the call has waited for its turn, in milliseconds. Results count it in `timings.queueMs`. */
  readonly queuedMs: number;
  /**
   * Gets what settles when the node is done with the call. That is later than the call's end, if the call was given up
   * and the node still computes. The call counts as one that the node runs until then. A node that says nothing is done
   * when the call ends.
   */
  readonly onSent: (done: Promise<unknown>) => void;
}

/** A question on its way to a node. */
export interface RunOptions extends CallLimits {
  readonly call: GenerateCall;
  /** Receives every event but `queued`, which it has received already, and `done`. */
  readonly onEvent: (event: GenerateEvent) => void;
}

/** An image on its way to a node that keeps it open. */
export interface OpenOptions extends CallLimits {
  readonly call: OpenCall;
}

/** What a node has: `none`: the next call starts it. `lost`: it will not answer any more, or not before something changes. */
type NodePhase = "loaded" | "starting" | "none" | "lost";

export interface NodeState {
  readonly phase: NodePhase;
  /** Where it computes; undefined where that is not known, or not on this device. */
  readonly device: Device | undefined;
}

/**
 * Something that answers calls. Two nodes of one client may be of different kinds. How many calls a node has now is counted
 * by `node-set.ts`, which gives it no more than `maxCalls`.
 *
 * How to write one:
 * - `run` resolves with the whole result. It passes text to `onEvent` as `text-delta` events, whose texts joined are
 *   `result.text`. It rejects with a `VlmError`, or with the signal's reason as soon as the signal aborts. `timeoutMs` less
 *   `waitedMs` is the time that it has; after that it rejects with `timeout`.
 * - A node without `open` gets the images of an open image with every question about it. The page keeps them.
 * - `state` and `knownShareOf` are asked often, and cost nothing: they return what is known, and ask nobody.
 * - A call that failed is repeated once on another node, if `isFault` says that the node is to blame, and the app has
 *   received no text yet. So `run` itself repeats only what the same node may answer.
 */
export interface Node {
  /** Different from the names of all other nodes of the client. */
  readonly name: string;
  readonly state: NodeState;
  /** How many calls it runs at once. */
  readonly maxCalls: number;
  /** Answers a question. */
  run(options: RunOptions): Promise<VlmResult>;
  /** Makes an image ready for the questions that follow. Absent where a node keeps nothing between calls. */
  open?(options: OpenOptions): Promise<ImageInfo>;
  /**
   * How much of the work for a call the node has already done for earlier ones, from 0 to 1: features of its images, the
   * beginning of its prompt. A guess; it only decides which of several free nodes takes the call.
   */
  knownShareOf(call: NodeCall): number;
  /**
   * Whether an image of the call is open here. Questions about it wait for this node as long as it is loaded, even while
   * another is free. Absent where no image is kept open.
   */
  keepsOpen?(call: NodeCall): boolean;
  /** Whether the node is to blame for a failed call, so that another node may answer it. */
  isFault(error: unknown): boolean;
  /** Ends it. Calls that run reject with `error`. */
  dispose(error: Error): Promise<void>;
}

/** A call of either kind. */
export type NodeCall = GenerateCall | OpenCall;

/** The images of a call. */
export function imagesOf(call: NodeCall): GenerateCall["images"] {
  return "images" in call ? call.images : [call.image];
}
