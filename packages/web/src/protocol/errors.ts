/**
 * The one error class of the kit, its codes, and how it crosses the worker boundary.
 *
 * There is a code for each case in which the caller would do something different. Three cases use errors of the
 * platform: a cancelled call is an `AbortError`, a wrong argument a `TypeError`, and use after `dispose()` an
 * `InvalidStateError`.
 */

import type { Device } from "./model-descriptor.ts";
import type { NodeFailure } from "./remote.ts";
import { toSafeText } from "./safe-text.ts";
import type { StartProblem } from "./start-problem.ts";

/**
 * What each code's `details` hold, and what the caller can do about it. A `url` has the origin and the name of the file; "…"
 * stands for folders, and for a name that may be a key.
 */
export interface VlmErrorDetails {
  /** The browser lacks a feature that the kit requires. Show an "unsupported browser" screen. */
  "environment-unsupported": { missing: "worker" | "wasm-simd" | "offscreen-canvas" };
  /** The model's licence was not accepted in code. Show it to the user, then pass `acceptLicense`. */
  "license-not-accepted": { modelId: string; license: string };
  /**
   * Bytes did not arrive, or wrong bytes arrived. What has arrived is stored: offer a retry, which goes on from there.
   * `status` is the HTTP status, if there was an answer. `retryAfterSeconds` is how long the server asked the kit to
   * wait; it is 300, the hub's window, if the server limits requests but hides for how long. The two hashes say which
   * bytes were expected and which arrived, if these differ.
   */
  "download-failed": {
    url: string;
    reason:
      | "network"
      | "offline"
      | "http-status"
      | "content-type"
      | "length"
      | "integrity"
      /** The server sends whole files only, and this one broke off each time. */
      | "no-ranges"
      /** A `data:` or `blob:` address holds no file, or the page may not read it. */
      | "address";
    status?: number;
    retryAfterSeconds?: number;
    expectedSha256?: string;
    actualSha256?: string;
  };
  /**
   * `network: "none"` forbids this request. Call `prepareOffline` while there is a network. Remote nodes cannot be used
   * with it at all.
   */
  "network-forbidden": { url: string };
  /** The files arrived, but are not what the model's descriptor says. Correct the descriptor or the files. */
  "model-invalid": { file: string; reason: string };
  /** No device could run the model. `attempts` says why each one was turned down. */
  "no-device": { attempts: readonly DeviceAttempt[] };
  /**
   * The worker, onnxruntime or the model was not ready in time, or failed before there was a session. `phase` says in which
   * part of the start. With `timeout` and `error`, offer a retry; if threads were the cause, the kit has tried one thread
   * already. Any other `reason` is a fault of the app's build, page or server, which a retry does not mend: `message` and
   * `docs/troubleshooting.md` say how. `url` names the file that it is about, and `status` is its HTTP status.
   */
  "start-failed": {
    phase: StartPhase;
    reason: "timeout" | "error" | StartProblem;
    url?: string;
    status?: number;
  };
  /** onnxruntime could not create or run a session on this device. The kit tries the next device, if there is one. */
  "session-failed": { device: Device; stage: "create" | "run"; graph: string };
  /** The device computes wrong numbers: it failed the check `check`, whose result `actual` is beyond `limit`. */
  "device-check-failed": { device: Device; check: string; actual: number; limit: number };
  /** The GPU was lost during this call. The kit recovers; repeat the call. */
  "device-lost": { reason: string };
  /** Memory ran out. Use a smaller model or image, or close other tabs. */
  "out-of-memory": { device: Device };
  /**
   * This device failed repeatedly (at last with `reason`), no other one can take its place, and it is left alone for a
   * while. Repeat the call after `retryAfterMs`; the kit then tries the device once.
   */
  "circuit-open": { device: Device; reason: VlmErrorCode | undefined; retryAfterMs: number };
  /**
   * The call was refused before anything was fetched or decoded for it, because of a limit that the app has set: `max-queue`
   * (`limit` calls wait) or `rate-limit` (`limit` calls were made within its time). Make the call again after
   * `retryAfterMs`, when the call that runs will probably have ended, or when the rate allows it.
   */
  "queue-full": {
    reason: "max-queue" | "rate-limit";
    limit: number;
    waiting: number;
    retryAfterMs: number;
  };
  /** The worker died. Calls in flight reject with this; the next call starts a fresh worker. */
  "worker-crashed": { phase: "start" | "load" | "generate" };
  /**
   * The call took longer than `timeoutMs`. In stage `source` its image was not there yet: an element had not loaded, an
   * address had not answered, or the app's decoder had not finished. In other stages raise `timeoutMs`, or ask for fewer tokens or pixels.
   */
  timeout: { timeoutMs: number; stage: string };
  /** The bytes are not an image of a supported format. Convert it to PNG, JPEG, WebP, GIF, AVIF, BMP or ICO. */
  "image-unsupported": { kind: string };
  /** The image exceeds a limit. Shrink it, or raise the limit in `imageLimits`. */
  "image-too-large": {
    what: "bytes" | "side" | "pixels" | "segments" | "ratio" | "time";
    actual: number;
    limit: number;
  };
  /**
   * The image is damaged, empty, or cannot be read by this page. `cross-origin`: its server does not allow it.
   * `show-only`: the browser shows it, but lets no page read it, such as an SVG with HTML in it.
   */
  "image-unreadable": {
    reason:
      | "empty"
      | "malformed"
      | "truncated"
      | "decode-failed"
      | "cross-origin"
      | "show-only"
      | "not-ready";
  };
  /** An image could not be fetched from its address. Check the address and its CORS headers. */
  "image-fetch-failed": { url: string; status?: number };
  /**
   * Images and text together have `excess` tokens too many for the model's context. Shorten the prompt or use fewer
   * images. `tokens` and `excess` are estimates for a text that is far too long.
   */
  "context-overflow": { tokens: number; limit: number; excess: number };
  /**
   * No remote node answered the call; `node` is the last one that was asked, and {@link NodeFailure} says what each `reason`
   * means. `status` is the HTTP status, and `retryAfterMs` how long the server asked to be left alone. `hasText`: the app had
   * received text, which cannot be taken back, so that nothing was repeated. Repeat the call later, or with a `mode` that
   * lets the device answer.
   */
  "node-failed": {
    node: string;
    reason: NodeFailure;
    hasText: boolean;
    status?: number;
    retryAfterMs?: number;
  };
  /** Inference failed in a way that no other code describes; its `cause` says more, if `debug` is on. */
  "generation-failed": { stage: string };
}

/**
 * What a worker does before it serves, in this order. `script`: it loads scripts. `wasm`: it loads onnxruntime's
 * WebAssembly. `compile`: the browser compiles it. `threads`: it starts threads. `first-run`: it runs a model of one node.
 * `model`: it loads the model.
 */
export type StartPhase = "script" | "wasm" | "compile" | "threads" | "first-run" | "model";

/** Every code a {@link VlmError} can have. */
export type VlmErrorCode = keyof VlmErrorDetails;

/** Why one device was turned down. */
export interface DeviceAttempt {
  readonly device: Device;
  /**
   * An error code, or `no-adapter`, `no-webgpu`, `insecure-origin` (the page came over http, where browsers have no WebGPU), `software-adapter`, `no-variant`, `no-engine`, `circuit-open`.
   * `page-crashed`: at an earlier visit, the page ended while this device loaded the model or encoded an image.
   */
  readonly reason: string;
  readonly message: string;
}

const BRAND = Symbol.for("fastvlm-kit.error");

/**
 * An error of the kit. `code` says what happened. `details` holds the facts; their type depends on the code. `message`
 * has one sentence of fact and one of advice. `cause`, the original error, is there only with the option `debug`.
 *
 * @example
 * if (VlmError.is(error, "image-too-large")) shrinkTo(error.details.limit);
 */
export class VlmError<Code extends VlmErrorCode = VlmErrorCode> extends Error {
  override readonly name = "VlmError";
  readonly code: Code;
  readonly details: VlmErrorDetails[Code];

  constructor(code: Code, message: string, details: VlmErrorDetails[Code], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Whether `value` is an error of the kit, and has this code if one is given. Works across copies of this package. */
  static is<Code extends VlmErrorCode>(value: unknown, code?: Code): value is VlmError<Code> {
    if (typeof value !== "object" || value === null || !(BRAND in value)) return false;
    return code === undefined || (value as unknown as VlmError).code === code;
  }
}

/** An error as plain data. Errors cross from the worker in this form, because structured clone loses class, code and cause. */
export interface WireError {
  readonly kind: "vlm" | "error";
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: VlmErrorCode;
  readonly details?: unknown;
  readonly cause?: WireError;
}

const MAX_CAUSES = 4;

/** Turns anything that was thrown into plain data, which structured clone accepts. */
export function toWireError(thrown: unknown, depth = 0): WireError {
  if (!(thrown instanceof Error) && !isErrorLike(thrown)) {
    return { kind: "error", name: "Error", message: toSafeText(describe(thrown)) };
  }
  const { cause } = thrown as { cause?: unknown };
  return {
    ...(VlmError.is(thrown)
      ? { kind: "vlm" as const, code: thrown.code, details: thrown.details }
      : { kind: "error" as const }),
    name: thrown.name,
    message: toSafeText(thrown.message),
    ...(typeof thrown.stack === "string" && { stack: toSafeText(thrown.stack) }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: toWireError(cause, depth + 1) }),
  };
}

/** Rebuilds the error on the receiving side, with its class, code, details, cause and name. */
export function fromWireError(wire: WireError): Error {
  const options = wire.cause ? { cause: fromWireError(wire.cause) } : undefined;
  if (wire.kind === "vlm" && wire.code) {
    return restoreStack(
      new VlmError(wire.code, wire.message, wire.details as VlmErrorDetails[VlmErrorCode], options),
      wire,
    );
  }
  const error =
    wire.name === "TypeError"
      ? new TypeError(wire.message, options)
      : new Error(wire.message, options);
  if (error.name !== wire.name) Object.defineProperty(error, "name", { value: wire.name });
  return restoreStack(error, wire);
}

/** The reply of every method of the worker. Errors are returned as data; Comlink would lose a part of a thrown one. */
export type Envelope<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError };

function restoreStack(error: Error, wire: WireError): Error {
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

/** A `DOMException` is not an `instanceof Error` in every realm that this file runs in. */
function isErrorLike(value: unknown): value is Error {
  if (typeof value !== "object" || value === null) return false;
  const { name, message } = value as Partial<Error>;
  return typeof name === "string" && typeof message === "string";
}

/** `String` throws on objects without a prototype. */
function describe(thrown: unknown): string {
  return typeof thrown === "object" && thrown !== null
    ? Object.prototype.toString.call(thrown)
    : String(thrown);
}
