/**
 * The one error class of the kit, its codes, and how it crosses the worker boundary.
 *
 * A code exists where the caller would do something different. Cancellation is the platform's
 * `AbortError`, a wrong argument a `TypeError`, use after `dispose()` an `InvalidStateError`.
 */

import type { Device } from "./model-descriptor.ts";

/** What each code's `details` hold, and what the caller can do about it. */
export interface VlmErrorDetails {
  /** The browser lacks something required. Show an "unsupported browser" screen. */
  "environment-unsupported": { missing: "worker" | "wasm-simd" | "offscreen-canvas" };
  /** The model's licence was not accepted in code. Show it to the user, then pass `acceptLicense`. */
  "license-not-accepted": { modelId: string; license: string };
  /**
   * Bytes did not arrive, or wrong ones did. What arrived is kept: offer a retry, which goes on from
   * there. `status` is the HTTP status, where there was one. `retryAfterSeconds` is how long the server
   * asked to be left alone; 300, the hub's window, where it limits requests and hides for how long.
   * The two hashes are those of bytes that arrived and are not what they should be.
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
      /** Of a `data:` or `blob:` address, which holds no file or may not be read. */
      | "address";
    status?: number;
    retryAfterSeconds?: number;
    expectedSha256?: string;
    actualSha256?: string;
  };
  /** `network: "none"` forbids this request. Prepare the model with `prepareOffline` while online. */
  "network-forbidden": { url: string };
  /** The model's files arrived but are not what the descriptor promises. Fix the descriptor or the files. */
  "model-invalid": { file: string; reason: string };
  /** No device could run the model. `attempts` says why each one was turned down. */
  "no-device": { attempts: readonly DeviceAttempt[] };
  /**
   * onnxruntime, or the model on it, was not ready in time, or failed before there was a session.
   * `phase` says where. Offer a retry; with threads the kit has tried one thread already.
   */
  "start-failed": { phase: StartPhase; reason: "timeout" | "error" };
  /** onnxruntime could not create or run a session on this device. Internal to the fallback, or `cause` of `no-device`. */
  "session-failed": { device: Device; stage: "create" | "run"; graph: string };
  /** The device computes, but wrongly: the model's stored check failed on it. */
  "device-check-failed": { device: Device; check: string; actual: number; limit: number };
  /** The GPU went away during this call. The kit recovers; repeat the call. */
  "device-lost": { reason: string };
  /** Memory ran out. Use a smaller model or image, or close other tabs. */
  "out-of-memory": { device: Device };
  /** The worker died. Calls in flight reject with this; the next call starts a fresh worker. */
  "worker-crashed": { phase: "start" | "load" | "generate" };
  /**
   * The call took longer than `timeoutMs`. In stage `source` its image had not loaded: wait for it first.
   * In other stages raise it, or use fewer tokens or pixels.
   */
  timeout: { timeoutMs: number; stage: string };
  /** The bytes are not an image of a supported kind. Convert it to PNG, JPEG, WebP, GIF, AVIF or BMP. */
  "image-unsupported": { kind: string };
  /** The image is over a limit. Shrink it, or raise the limit in `imageLimits`. */
  "image-too-large": {
    what: "bytes" | "side" | "pixels" | "segments" | "ratio";
    actual: number;
    limit: number;
  };
  /** The image is damaged, empty, or cannot be read by this page. */
  "image-unreadable": {
    reason: "empty" | "malformed" | "truncated" | "decode-failed" | "cross-origin" | "not-ready";
  };
  /** An image given by URL could not be fetched. Check the address and its CORS headers. */
  "image-fetch-failed": { url: string; status?: number };
  /** Image and text do not fit the model's context. Shorten the prompt or use fewer images. */
  "context-overflow": { tokens: number; limit: number };
  /** Inference failed in a way no other code describes; see `cause`. */
  "generation-failed": { stage: string };
}

/**
 * What a worker does before it serves: it loads scripts, then onnxruntime's WebAssembly; hands that to
 * threads; runs it for the first time; makes sessions of the model.
 */
export type StartPhase = "script" | "wasm" | "threads" | "first-run" | "model";

/** Every code a {@link VlmError} can have. */
export type VlmErrorCode = keyof VlmErrorDetails;

/** Why one device was turned down. */
export interface DeviceAttempt {
  readonly device: Device;
  /** An error code, or `no-adapter`, `no-webgpu`, `software-adapter`, `no-variant`, `gpu-unstable`. */
  readonly reason: string;
  readonly message: string;
}

const BRAND = Symbol.for("fastvlm-kit.error");

/**
 * An error of the kit. `code` says what happened, `details` holds the facts, typed by code, and
 * `message` is one sentence of fact and one of advice.
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

  /** Whether `value` is an error of the kit, of this code if one is given. Holds across duplicate packages. */
  static is<Code extends VlmErrorCode>(value: unknown, code?: Code): value is VlmError<Code> {
    if (typeof value !== "object" || value === null || !(BRAND in value)) return false;
    return code === undefined || (value as unknown as VlmError).code === code;
  }
}

/** An error as data: what crosses the worker boundary, where class, `code` and `cause` would be lost. */
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

/** Turns anything thrown into data that structured clone accepts. */
export function toWireError(thrown: unknown, depth = 0): WireError {
  if (!(thrown instanceof Error) && !isErrorLike(thrown)) {
    return { kind: "error", name: "Error", message: describe(thrown) };
  }
  const { cause } = thrown as { cause?: unknown };
  return {
    ...(VlmError.is(thrown)
      ? { kind: "vlm" as const, code: thrown.code, details: thrown.details }
      : { kind: "error" as const }),
    name: thrown.name,
    message: thrown.message,
    ...(typeof thrown.stack === "string" && { stack: thrown.stack }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: toWireError(cause, depth + 1) }),
  };
}

/** Rebuilds the error on the receiving side: class, code, details, cause and name are back. */
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

/** The reply of every worker method: errors are data, never thrown through Comlink. */
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
