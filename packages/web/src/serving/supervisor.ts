/**
 * Keeps one worker loaded. It tries the devices in order, each in a fresh worker, and replaces the worker when it dies or
 * its device fails. A device that fails repeatedly is left alone for a while (`device-circuits.ts`).
 */

import { VlmError, type DeviceAttempt } from "../protocol/errors.ts";
import { filesOfVariant, type Device, type ModelDescriptor } from "../protocol/model-descriptor.ts";
import { atCommit } from "../schema/model-source.ts";
import type { ImageDetail } from "../protocol/options.ts";
import type { FallbackInfo, ModelInfo, VlmEvent } from "../protocol/result.ts";
import type { LoadRequest, WorkerMessage } from "../wire/worker-api.ts";
import type { Candidate } from "./candidates.ts";
import { NO_CRASH_MARKS, type CrashMarks, type MarkedStep } from "./crash-marks.ts";
import { DeviceCircuits, isDeviceFault, type CircuitReport } from "./device-circuits.ts";
import { isStartProblem } from "./is-start-problem.ts";
import { listUnmarkedCandidates } from "./unmarked-candidates.ts";
import type { WorkerLike } from "../wire/worker-like.ts";
import { WorkerHandle } from "./worker-handle.ts";

export interface SupervisorOptions {
  /** Gives a worker for this load, whose model is as the app named it. */
  readonly createWorker: (request: LoadRequest) => WorkerLike;
  readonly model: ModelDescriptor;
  readonly device: "auto" | Device;
  readonly loadRequest: Omit<LoadRequest, "model" | "variant">;
  readonly onMessage: (message: WorkerMessage) => void;
  readonly onEvent: (event: VlmEvent) => void;
  /** Called after the first download into storage that the browser may evict. */
  readonly onFirstDownload: () => void;
  /** Marks of the steps in which the page may end. */
  readonly crashMarks?: CrashMarks;
}

/** A worker with the model loaded. */
export interface LoadedWorker {
  readonly handle: WorkerHandle;
  readonly device: Device;
  readonly model: ModelInfo;
  readonly fallback: FallbackInfo | undefined;
  /** Whether the model's files are stored, so that another worker can load it without a download. */
  readonly isPersisted: boolean;
  /** The size of the files that it has loaded. */
  readonly fileBytes: number;
  /** Marks that an image is encoded at this detail. */
  readonly markEncoding: (detail: ImageDetail | undefined) => MarkedStep;
}

type UnloadReason = Extract<VlmEvent, { type: "worker-unloaded" }>["reason"];

type RestartReason = Extract<VlmEvent, { type: "worker-restarted" }>["reason"];

export class Supervisor {
  readonly #options: SupervisorOptions;
  #model: ModelDescriptor;
  #current: Promise<LoadedWorker> | undefined;
  #starting: WorkerHandle | undefined;
  /** The mark of the load that is running. */
  #loadMark: MarkedStep | undefined;
  readonly #crashMarks: CrashMarks;
  /** The worker that was loaded last. It may have ended. */
  #loaded: LoadedWorker | undefined;
  #isPaused = false;
  #isSingleThreaded = false;
  #restartReason: RestartReason | undefined;
  #disposed: Error | undefined;
  readonly #circuits = new DeviceCircuits((change) => {
    this.#options.onEvent({ type: "circuit-changed", ...change });
  });

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#model = options.model;
    this.#crashMarks = options.crashMarks ?? NO_CRASH_MARKS;
  }

  /** Returns the loaded worker, and loads the model first if there is none. If that fails, the next call tries again. */
  ready(): Promise<LoadedWorker> {
    if (this.#disposed) return Promise.reject(this.#disposed);
    if (!this.#current) {
      const starting = this.#start();
      this.#current = starting;
      starting.catch(() => {
        if (this.#current === starting) this.#current = undefined;
      });
    }
    return this.#current;
  }

  /** Ends a worker that no longer answers. The next call gets a fresh one. */
  replace(handle: WorkerHandle, error: Error): void {
    this.#endFaulty(handle, error, "unresponsive");
  }

  /** A call was answered. */
  noteAnswer({ device }: LoadedWorker): void {
    this.#circuits.noteSuccess(device);
  }

  /**
   * A call failed. If the device is to blame, its worker ends, because nobody knows in what state a failed session is,
   * and memory that ran out stays full.
   */
  noteFailure({ handle }: LoadedWorker, error: unknown): void {
    if (VlmError.is(error, "device-lost")) this.#endFaulty(handle, error, "device-lost");
    if (VlmError.is(error, "out-of-memory")) this.#endFaulty(handle, error, "out-of-memory");
    if (VlmError.is(error, "session-failed")) this.#endFaulty(handle, error, "session-failed");
    if (VlmError.is(error, "device-check-failed")) {
      this.#endFaulty(handle, error, "device-check-failed");
    }
  }

  /** What became of the worker; `none`: the next call starts one. */
  get worker(): "loaded" | "starting" | "none" | "disposed" {
    if (this.#disposed) return "disposed";
    if (!this.#current) return "none";
    return this.#loaded?.handle.isEnded === false ? "loaded" : "starting";
  }

  /** What the circuit breaker knows about a device. */
  circuitOf(device: Device): CircuitReport {
    return this.#circuits.reportOf(device);
  }

  /**
   * Ends the worker of an idle model, which frees the memory of the model. The next call starts another. Does nothing
   * while a worker starts, while other tabs use it, or where another one would have to download the model.
   */
  unload(reason: UnloadReason): void {
    const { handle, isPersisted = false } = this.#loaded ?? {};
    if (!handle || handle.isEnded || handle.isUsedElsewhere || !isPersisted) return;
    this.#current = undefined;
    handle.end(new DOMException("The worker of an idle model was ended.", "InvalidStateError"));
    this.#options.onEvent({ type: "worker-unloaded", reason });
  }

  /** Pauses or resumes the download of a worker that is loading. */
  pauseDownloads(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#starting?.pauseDownloads(isPaused);
  }

  /** Ends the worker. Running calls and later calls reject with `error`. */
  async dispose(error: Error): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = error;
    this.#starting?.end(error);
    const ready = await this.#current?.catch(() => undefined);
    ready?.handle.end(error);
  }

  async #start(): Promise<LoadedWorker> {
    await this.#circuits.settled();
    const { candidates, rejected } = await listUnmarkedCandidates({
      model: this.#model,
      wanted: this.#options.device,
      whyNot: (device) => this.#circuits.whyNot(device),
      marks: this.#crashMarks,
    });
    const attempts: DeviceAttempt[] = [...rejected];
    if (candidates.length === 0) this.#assertNoneIsOpen(attempts);
    let lastError: VlmError | undefined;
    for (const candidate of candidates) {
      try {
        const ready = await this.#circuits.load(candidate.device, () =>
          this.#tryCandidate(candidate, attempts[0]),
        );
        this.#loaded = ready;
        this.#announce(ready);
        return ready;
      } catch (error) {
        if (this.#disposed || !isDeviceFault(error)) throw error;
        lastError = error;
        attempts.push(...attemptsOf(error, candidate.device));
      }
    }
    // If only one device was tried, its own error says more than a list with one entry.
    if (attempts.length === 1 && lastError) throw lastError;
    if (lastError && attempts.every(({ reason }) => reason === attempts[0]?.reason)) {
      // All devices failed for the same reason, which the app can read from the error itself.
      if (isStartProblem(lastError)) throw lastError;
    }
    throw new VlmError(
      "no-device",
      `No device of this browser could run the model: ${attempts.map(({ message }) => message).join(" ")}`,
      { attempts },
      { cause: lastError },
    );
  }

  /** @throws {VlmError} `circuit-open` for the device that may be tried first, if one of these is left alone */
  #assertNoneIsOpen(attempts: readonly DeviceAttempt[]): void {
    const open = attempts.filter(({ reason }) => reason === "circuit-open");
    const waits = open.map(({ device, message }) => {
      const { retryAt = 0, reason } = this.#circuits.reportOf(device);
      return { device, message, reason, retryAfterMs: Math.max(0, retryAt - Date.now()) };
    });
    const [first] = waits.sort((a, b) => a.retryAfterMs - b.retryAfterMs);
    if (!first) return;
    const { message, ...details } = first;
    const seconds = Math.ceil(details.retryAfterMs / 1000);
    throw new VlmError(
      "circuit-open",
      `${message} Repeat the call in ${String(seconds)} s, or close other tabs and reload the page.`,
      details,
    );
  }

  async #tryCandidate(
    candidate: Candidate,
    firstAttempt: DeviceAttempt | undefined,
  ): Promise<LoadedWorker> {
    try {
      return await this.#load(candidate, firstAttempt);
    } catch (error) {
      if (this.#disposed || !this.usesThreads || !isThreadFault(error)) throw error;
      this.#goOnWithOneThread(error);
      return this.#load(candidate, firstAttempt);
    }
  }

  /** Loads the model in a fresh worker. */
  async #load(
    { variant, device }: Candidate,
    firstAttempt: DeviceAttempt | undefined,
  ): Promise<LoadedWorker> {
    if (this.#disposed) throw this.#disposed;
    const { createWorker, loadRequest } = this.#options;
    const model = this.#model;
    const request: LoadRequest = {
      ...loadRequest,
      model,
      variant,
      ...(this.#isSingleThreaded && { wasmThreads: 1 }),
    };
    const handle: WorkerHandle = new WorkerHandle({
      createWorker: () => createWorker({ ...request, model: this.#options.model }),
      onMessage: (message) => {
        this.#onMessage(handle, message);
      },
      onDeath: (error) => {
        this.#forget(handle, error, "worker-crashed");
      },
    });
    this.#starting = handle;
    const files = { model: model.id, device, variant: variant.id };
    const mark = this.#crashMarks.mark({ ...files, step: "load" });
    this.#loadMark = mark;
    try {
      await handle.connect();
      if (this.#isPaused) handle.pauseDownloads(true);
      const report = await handle.load(request);
      // A later worker has to load the same commit, even if the branch has moved by then.
      this.#model = atCommit(model, report.model.revision);
      if (report.shouldAskToPersist) this.#options.onFirstDownload();
      const fallback = firstAttempt && { ...firstAttempt, to: device };
      mark.end(true);
      const { device: loadedOn, model: info, isPersisted } = report;
      const markEncoding: LoadedWorker["markEncoding"] = (detail) =>
        this.#crashMarks.mark({ ...files, step: `image ${String(detail ?? "default")}` });
      const paths = filesOfVariant(model, variant);
      const fileBytes = paths.reduce((sum, path) => sum + (model.files[path]?.bytes ?? 0), 0);
      const loaded = { handle, device: loadedOn, model: info, fallback, isPersisted };
      return { ...loaded, fileBytes, markEncoding };
    } catch (error) {
      mark.end(false);
      handle.end(error instanceof Error ? error : new Error(String(error)));
      throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  /** Whether a worker computes with several threads, where the device is WASM. */
  get usesThreads(): boolean {
    const { wasmThreads } = this.#options.loadRequest;
    return globalThis.crossOriginIsolated && wasmThreads !== 1 && !this.#isSingleThreaded;
  }

  /** Uses one thread until this supervisor ends, because threads that hung once may hang again. */
  #goOnWithOneThread({ message, details }: VlmError<"start-failed">): void {
    this.#isSingleThreaded = true;
    const { reason: why } = details;
    const reason = why === "timeout" ? "threads-stuck" : why === "error" ? "threads-failed" : why;
    this.#options.onEvent({ type: "threads-fallback", reason, message });
  }

  #onMessage(handle: WorkerHandle, message: WorkerMessage): void {
    this.#options.onMessage(message);
    if (message.type === "event") this.#options.onEvent(message.event);
    // Before that, the worker only downloads. A page that ends then does not end because of the device.
    if (message.type === "start" && message.phase !== "script") this.#loadMark?.begin();
    if (message.type !== "device-lost") return;
    const words = "The GPU was lost. Repeat the call; the kit starts a fresh worker for it.";
    const error = new VlmError("device-lost", words, { reason: message.reason });
    this.#endFaulty(handle, error, "device-lost");
  }

  /**
   * Ends a worker whose device failed. The worker may say so itself, and a call that fails with it may say so too: the two
   * messages come through different ports, whose order is not fixed. The second one changes nothing.
   */
  #endFaulty(handle: WorkerHandle, error: Error, reason: RestartReason): void {
    if (handle.isEnded) return;
    this.#forget(handle, error, reason);
    handle.end(error);
  }

  /**
   * Drops a worker that ends because of a fault, and counts the fault. If it ends while loading, that is one attempt of
   * `#start`, which counts it and goes on.
   */
  #forget(handle: WorkerHandle, error: Error, reason: RestartReason): void {
    if (handle === this.#starting) return;
    if (handle === this.#loaded?.handle) this.#circuits.noteError(this.#loaded.device, error);
    this.#current = undefined;
    this.#restartReason = reason;
  }

  #announce({ fallback }: LoadedWorker): void {
    if (fallback) this.#options.onEvent({ type: "device-fallback", fallback });
    if (this.#restartReason) {
      this.#options.onEvent({ type: "worker-restarted", reason: this.#restartReason });
      this.#restartReason = undefined;
    }
  }
}

/** A worker without an engine for the files says itself what it did not try. */
function attemptsOf(error: VlmError, device: Device): readonly DeviceAttempt[] {
  if (VlmError.is(error, "no-device")) return error.details.attempts;
  const reason = isStartProblem(error) ? error.details.reason : error.code;
  return [{ device, reason, message: error.message }];
}

/** Whether threads may be the cause: the start waited for them, or they failed. */
function isThreadFault(error: unknown): error is VlmError<"start-failed"> {
  if (!VlmError.is(error, "start-failed")) return false;
  const { phase, reason } = error.details;
  return reason === "timeout" ? phase !== "script" && phase !== "wasm" : phase === "threads";
}
