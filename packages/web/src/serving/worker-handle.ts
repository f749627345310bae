/**
 * The only owner of a `Worker`. Comlink alone never settles a call whose worker has died. Here every running call
 * rejects, however the worker ends.
 */

import { transfer, wrap, type Remote } from "comlink";
import { fromWireError, VlmError, type Envelope, type StartPhase } from "../protocol/errors.ts";
import type { ImageInfo, VlmResult } from "../protocol/result.ts";
import type { OfflineReport, StorageUsage, StoredModel } from "../protocol/storage.ts";
import {
  PROTOCOL_VERSION,
  type CallMessage,
  type FilesReport,
  type FilesRequest,
  type GenerateCall,
  type LoadReport,
  type LoadRequest,
  type OpenCall,
  type SetupReport,
  type StorageRequest,
  type WireImage,
  type WorkerApi,
  type WorkerMessage,
} from "../wire/worker-api.ts";
import type { WorkerLike } from "../wire/worker-like.ts";
import { shownAddress } from "../schema/local-address.ts";
import { watchViolations } from "../shared/policy-violations.ts";
import { startNoted, type StartedWorker } from "../shared/started-worker.ts";
import { assertHasPixels } from "../sources/assert-has-pixels.ts";
import { randomName } from "../shared/random-name.ts";
import { START_LIMITS_MS, StartWatch } from "./start-watch.ts";

export type Phase = "start" | "load" | "generate";

/** How long a worker has to answer the first message. A script that fails to load reports it at once; a stuck one never does. */
const START_TIMEOUT_MS = 30_000;

/** How long the search for the reason may take, with the loading of its code. */
const EXPLAIN_MS = 10_000;

/** Takes the place of a worker that could not be created. */
class NoWorker extends EventTarget implements WorkerLike {
  postMessage(): void {
    // There is nobody.
  }

  terminate(): void {
    // There is nothing to end.
  }
}

export interface WorkerHandleOptions {
  readonly createWorker: () => WorkerLike;
  readonly onMessage: (message: WorkerMessage) => void;
  /** Called once, when the worker ends in another way than by `end`. */
  readonly onDeath: (error: Error) => void;
}

export class WorkerHandle {
  readonly #worker: WorkerLike;
  readonly #started: StartedWorker<WorkerLike>;
  /** What the page's policy forbade while the worker started. */
  readonly #violations = watchViolations();
  readonly #remote: Remote<WorkerApi>;
  readonly #options: WorkerHandleOptions;
  readonly #rejecters = new Set<(error: Error) => void>();
  readonly #lockWait = new AbortController();
  readonly #start = new StartWatch((phase, url) => {
    this.end(stuck(phase, url));
  });
  #phase: Phase = "start";
  #hasAnswered = false;
  #isExplaining = false;
  #end: Error | undefined;

  /** Starts a worker; {@link connect} waits until it serves. */
  constructor(options: WorkerHandleOptions) {
    this.#options = options;
    this.#started = startNoted(options.createWorker);
    this.#worker = this.#started.worker ?? new NoWorker();
    this.#worker.addEventListener("error", (event: Event) => {
      event.preventDefault();
      const { message = "" } = event as Partial<ErrorEvent>;
      if (!this.#hasAnswered) void this.#dieExplained(message, this.#crash(message));
      else this.#die(this.#crash(message));
    });
    this.#worker.addEventListener("messageerror", () => {
      this.#die(this.#crash("a message could not be read"));
    });
    this.#remote = wrap<WorkerApi>(this.#worker);
  }

  /**
   * Waits until the worker serves.
   *
   * @throws {VlmError} `start-failed` in phase `script`; `worker-crashed` in phase `start` where nobody knows why; what the
   *   app's function threw; the error that the handle was ended with
   */
  async connect(): Promise<void> {
    const timer = setTimeout(() => {
      void this.#dieExplained("", silent(this.#started.address), true);
    }, START_TIMEOUT_MS);
    try {
      const { worker, refusal } = this.#started;
      if (!worker) void this.#dieExplained("", refusal as Error);
      await this.#shakeHands();
      this.#hasAnswered = true;
    } finally {
      clearTimeout(timer);
      this.#violations.end();
    }
  }

  /** Dies of the reason that can be found, or else of `unexplained`. The code that looks for it is loaded for this. */
  async #dieExplained(message: string, unexplained: Error, isLate = false): Promise<void> {
    if (this.#isExplaining || this.#end) return;
    this.#isExplaining = true;
    const { address, refusal } = this.#worker.started ?? this.#started;
    const { directives } = this.#violations;
    const explanation = import("../diagnosis/explain-start.ts")
      .then(({ explainStart }) =>
        explainStart("script", { address, refusal, message, directives, isLate }),
      )
      // Where a chunk of the worker cannot be loaded, one of the page's may not be there either.
      .catch(() => undefined);
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, EXPLAIN_MS));
    const found = await Promise.race([explanation, late]);
    this.#die(found ?? unexplained);
  }

  load(request: LoadRequest): Promise<LoadReport> {
    this.#phase = "load";
    return this.#call(async () => {
      const report = unwrap(await this.#remote.load(request));
      this.#phase = "generate";
      return report;
    }).finally(() => {
      this.#start.end();
    });
  }

  /**
   * Runs one call. `onMessage` receives every message before the outcome, in order.
   *
   * @param queuedMs how long the call has waited for its turn
   */
  generate(
    call: GenerateCall,
    queuedMs: number,
    onMessage: (message: CallMessage) => void,
  ): Promise<VlmResult> {
    return this.#run(
      call.images,
      (port) => this.#remote.generate(call, port, queuedMs),
      (message) => {
        if (message.type === "done") return message.result;
        onMessage(message);
        return undefined;
      },
    );
  }

  /** Makes an image ready for the calls that follow; `onMessage` as in {@link generate}. */
  open(
    call: OpenCall,
    queuedMs: number,
    onMessage: (message: CallMessage) => void,
  ): Promise<ImageInfo> {
    return this.#run(
      [call.image],
      (port) => this.#remote.open(call, port, queuedMs),
      (message) => {
        if (message.type === "opened") return message.image;
        onMessage(message);
        return undefined;
      },
    );
  }

  cancel(id: number): void {
    // Nothing waits for the reply. If the worker has died, there is nothing left to cancel.
    void this.#remote.cancel(id);
  }

  /**
   * Makes the check of the device again.
   *
   * @throws {VlmError} `device-check-failed`, and other errors of the device
   */
  checkDevice(): Promise<void> {
    return this.#call(async () => {
      unwrap(await this.#remote.checkDevice());
    });
  }

  /** Frees the memory of features and KV caches that are kept between calls, after the calls that were sent. */
  dropCaches(): void {
    void this.#remote.dropCaches();
  }

  checkSetup(): Promise<SetupReport> {
    return this.#call(async () => unwrap(await this.#remote.checkSetup()));
  }

  pauseDownloads(isPaused: boolean): void {
    this.#start.isPaused = isPaused;
    void this.#remote.pauseDownloads(isPaused);
  }

  prepareOffline(request: FilesRequest): Promise<FilesReport> {
    this.#phase = "load";
    return this.#call(async () => unwrap(await this.#remote.prepareOffline(request))).finally(
      () => {
        this.#start.end();
      },
    );
  }

  checkOffline(request: FilesRequest): Promise<OfflineReport> {
    return this.#call(async () => unwrap(await this.#remote.checkOffline(request)));
  }

  listModels(request: StorageRequest): Promise<StoredModel[]> {
    return this.#call(async () => unwrap(await this.#remote.listModels(request)));
  }

  deleteModel(request: StorageRequest, id: string, revision: string | undefined): Promise<void> {
    return this.#call(async () => {
      unwrap(await this.#remote.deleteModel(request, id, revision));
    });
  }

  storageUsage(request: StorageRequest): Promise<StorageUsage> {
    return this.#call(async () => unwrap(await this.#remote.storageUsage(request)));
  }

  clearCache(request: StorageRequest, what: "results" | "models" | "all"): Promise<void> {
    return this.#call(async () => {
      unwrap(await this.#remote.clearCache(request, what));
    });
  }

  /** Ends the worker now, which frees the memory of the model and of the GPU. Running calls reject with `error`. */
  end(error: Error): void {
    if (this.#end) return;
    this.#end = error;
    this.#lockWait.abort();
    this.#start.end();
    this.#violations.end();
    this.#worker.terminate(error);
    for (const reject of this.#rejecters) reject(error);
    this.#rejecters.clear();
  }

  /** Whether pages of other tabs use this worker too. */
  get isUsedElsewhere(): boolean {
    return this.#worker.isUsedElsewhere === true;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  /** @param take gives the outcome where a message holds it */
  #run<T>(
    images: readonly WireImage[],
    send: (port: MessagePort) => Promise<void>,
    take: (message: CallMessage) => T | undefined,
  ): Promise<T> {
    const { port1: ours, port2: theirs } = new MessageChannel();
    const outcome = new Promise<T>((resolve, reject) => {
      ours.onmessage = ({ data }: MessageEvent<CallMessage>) => {
        if (data.type === "failed") {
          reject(fromWireError(data.error));
          return;
        }
        const taken = take(data);
        if (taken !== undefined) resolve(taken);
      };
    });
    return this.#call(async () => {
      // Checked again, because the call may have waited for a worker since the images were taken.
      for (const image of images) if (image.kind === "pixels") assertHasPixels(image.pixels);
      // Waits for both at once, because the outcome may arrive before the reply of the method.
      const [result] = await Promise.all([outcome, send(transfer(theirs, [theirs]))]);
      return result;
    }).finally(() => {
      ours.close();
    });
  }

  async #shakeHands(): Promise<void> {
    const lockName = `fastvlm-kit.worker.${randomName()}`;
    const { port1: ours, port2: theirs } = new MessageChannel();
    ours.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
      if (this.#end) return;
      if (data.type === "start") this.#start.enter(data.phase, data.url);
      else this.#start.sign();
      this.#options.onMessage(data);
    };
    const { protocolVersion, hasLock } = await this.#call(async () =>
      unwrap(await this.#remote.connect(lockName, transfer(theirs, [theirs]))),
    );
    if (protocolVersion !== PROTOCOL_VERSION) {
      const error = this.#crash("it was built with another version of the kit");
      this.end(error);
      throw error;
    }
    if (hasLock) this.#dieWhenLockIsFree(lockName);
  }

  /** The worker holds this lock for as long as it lives. */
  #dieWhenLockIsFree(lockName: string): void {
    navigator.locks
      .request(lockName, { signal: this.#lockWait.signal }, () => {
        this.#die(this.#crash("it ended"));
      })
      .catch(() => undefined); // Aborted by `end`.
  }

  #call<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#end) {
        reject(this.#end);
        return;
      }
      this.#rejecters.add(reject);
      work()
        .then(resolve, reject)
        .finally(() => this.#rejecters.delete(reject));
    });
  }

  #die(error: Error): void {
    if (this.#end) return;
    this.end(error);
    this.#options.onDeath(error);
  }

  #crash(what: string): VlmError<"worker-crashed"> {
    const advice =
      this.#phase === "start"
        ? "Check that `worker` creates a module worker whose file calls `startWorker()`."
        : "Repeat the call; a fresh worker will take it.";
    return new VlmError(
      "worker-crashed",
      `The worker died (${what || "no reason given"}). ${advice}`,
      {
        phase: this.#phase,
      },
    );
  }
}

/** The error for a worker that has said nothing at all. */
function silent(address: string | undefined): VlmError<"start-failed"> {
  const seconds = START_TIMEOUT_MS / 1000;
  return new VlmError(
    "start-failed",
    `The worker did not answer within ${String(seconds)} s: its script has not arrived, or it does not call \`startWorker()\` before everything else. Try again, or reload the page.`,
    {
      phase: "script",
      reason: "timeout",
      ...(address !== undefined && { url: shownAddress(address) }),
    },
  );
}

/** @param url the file that it waited for */
function stuck(phase: StartPhase, url: string | undefined): VlmError<"start-failed"> {
  const seconds = START_LIMITS_MS[phase] / 1000;
  return new VlmError(
    "start-failed",
    `The worker did not get ready: nothing came of its ${PHASE_NAMES[phase]} within ${seconds} s. Try again, or reload the page.`,
    {
      phase,
      reason: phase === "wasm" ? "wasm-unreachable" : "timeout",
      ...(url !== undefined && { url: shownAddress(url) }),
    },
  );
}

const PHASE_NAMES: Readonly<Record<StartPhase, string>> = {
  script: "scripts",
  wasm: "WebAssembly",
  compile: "compiled WebAssembly",
  threads: "threads",
  "first-run": "first run",
  model: "model",
};

function unwrap<T>(envelope: Envelope<T>): T {
  if (envelope.ok) return envelope.value;
  throw fromWireError(envelope.error);
}
