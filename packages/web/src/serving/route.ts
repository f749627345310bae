/** The seam to remote nodes: what they get of a client, and what the client calls. The room `remote` is not loaded by it. */

import type { ImageLimits } from "../image/limits.ts";
import type { Recorder } from "../metrics/recorder.ts";
import type { RemoteNodes } from "../api/remote.ts";
import type { NodeMode } from "../protocol/remote.ts";
import type { VlmEvent, VlmResult } from "../protocol/result.ts";
import type { AskedQuestion } from "./active-model.ts";
import type { RateLimiter } from "./rate-limiter.ts";

/** What remote nodes know of the client that they answer for. */
export interface RouteContext {
  readonly recorder: Recorder;
  readonly onEvent: (event: VlmEvent) => void;
  readonly imageLimits: ImageLimits;
  readonly limiter: RateLimiter | undefined;
}

/** Answers a question on the device. */
export type RunOnDevice = (question: AskedQuestion) => Promise<VlmResult>;

/** Remote nodes, as the kit sees them. */
export interface ConnectableNodes extends RemoteNodes {
  /** Opens the way of one client's calls to them. */
  connect(context: RouteContext): Route;
}

/** A client's way to remote nodes. */
export interface Route {
  /** Where calls may be answered that say nothing. */
  readonly mode: NodeMode;
  /** Answers a question, there or on the device, as `mode` says. */
  run(question: AskedQuestion, mode: NodeMode, onDevice: RunOnDevice): Promise<VlmResult>;
  /** Whether nodes may answer what a device failed to with this error, in the mode of calls that say nothing. */
  replaces(error: unknown): boolean;
  /** Ends the calls of this client that run on nodes. */
  dispose(error: Error): void;
}
