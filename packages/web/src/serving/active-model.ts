/** A model that answers calls, with the nodes that run them, the queue of its calls, and the answers that it remembers. */

import { reportCall } from "../metrics/call-metrics.ts";
import { errorTypeOf } from "../metrics/ended-call.ts";
import type { Recorder } from "../metrics/recorder.ts";
import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { CallPriority } from "../protocol/options.ts";
import type { ScalingStatus } from "../protocol/scaling.ts";
import type { WorkerStats } from "../protocol/stats.ts";
import type { GenerateEvent, ImageInfo, VlmEvent, VlmResult } from "../protocol/result.ts";
import type { TakenImages } from "../sources/take-images.ts";
import type { GenerateCall, OpenCall, WireImage } from "../wire/worker-api.ts";
import { CallQueue } from "./call-queue.ts";
import type { HealthLog } from "./health-log.ts";
import { IdleTimer } from "./idle-timer.ts";
import { MemoryWatch, type MeasureMemory } from "./memory-watch.ts";
import type { RateLimiter } from "./rate-limiter.ts";
import { LocalNode, type NodeSupervisor } from "./local-node.ts";
import { NodeSet } from "./node-set.ts";
import type { CallLimits, Node, NodeCall } from "./node.ts";
import { createResultMemory } from "./result-memory.ts";
import type { LoadedWorker } from "./supervisor.ts";
import type { CreatePool, WorkerPool } from "./worker-pool.ts";

/** Limits of the queue and of memory, and when the worker of an idle model ends. */
export interface ServingLimits {
  readonly maxQueue: number;
  readonly limiter: RateLimiter | undefined;
  readonly unloadAfterMs: number | undefined;
  /** Whether the worker may be another tab's, which ends when that tab does. */
  readonly isShared?: boolean;
  readonly maxMemoryBytes: number | undefined;
  readonly measureMemory: MeasureMemory;
  /** Absent where there is one worker. */
  readonly createPool?: CreatePool;
}

/** Where a model that serves tells what happens. */
export interface ServingReport {
  readonly recorder: Recorder;
  readonly onEvent: (event: VlmEvent) => void;
  readonly health: HealthLog;
}

/** What holds for every call before its images are there. */
export interface AskedCall {
  readonly priority: CallPriority;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  /** Whether it costs something to take the images: requests, or an app's decoder. */
  readonly isCostly: boolean;
  /** Takes the images. Called when the call has its place in the queue. */
  readonly take: () => Promise<TakenImages>;
  /** Receives every event but `done`. */
  readonly onEvent: (event: GenerateEvent) => void;
}

/** A question, before its images are there. */
export interface AskedQuestion extends AskedCall {
  readonly call: Omit<GenerateCall, "images">;
  /** The images, where the page knows them without taking them; they are only compared with those of earlier calls. */
  readonly known: readonly WireImage[] | undefined;
  /** Whether the app receives the text while it comes. */
  readonly isStreamed: boolean;
}

export class ActiveModel {
  readonly model: ModelDescriptor;
  /** The worker of this page that was started first. */
  readonly local: LocalNode;
  readonly #pool: WorkerPool | undefined;
  /** The worker that runs the last call; undefined before the first one is loaded. */
  latest: LoadedWorker | undefined;
  readonly #recorder: Recorder;
  readonly #memory = createResultMemory(() => performance.now());
  readonly #calls = new Set<Promise<unknown>>();
  readonly #nodes = new NodeSet();
  readonly #queue: CallQueue;
  readonly #idle: IdleTimer;
  readonly #memoryWatch: MemoryWatch;
  /** Since when what is worse than it could be. */
  readonly health: HealthLog;
  readonly #limits: ServingLimits;

  /** @param ready the loaded worker of this supervisor; undefined if a call is to load it */
  constructor(
    model: ModelDescriptor,
    supervisor: NodeSupervisor,
    ready: LoadedWorker | undefined,
    { recorder, onEvent, health }: ServingReport,
    limits: ServingLimits,
  ) {
    const { maxQueue, limiter, unloadAfterMs, maxMemoryBytes, measureMemory } = limits;
    this.#limits = limits;
    this.health = health;
    this.model = model;
    // The worker that a call runs on, of whichever node.
    const onLoaded = (loaded: LoadedWorker): void => {
      this.latest = loaded;
      if (!loaded.fallback) health.clear("fallback");
    };
    this.local = new LocalNode("worker-1", supervisor, { ...(ready && { ready }), onLoaded });
    this.#nodes.add(this.local);
    this.latest = ready;
    this.#recorder = recorder;
    this.#queue = new CallQueue({
      maxQueue,
      limiter,
      onDepth: (waiting) => {
        recorder.record("vlm.queue.depth", waiting);
      },
      onRefused: (reason) => {
        recorder.record("vlm.queue.refused", 1, { "vlm.reason": reason });
      },
      free: () => this.#nodes.free,
    });
    this.#pool = limits.createPool?.({
      first: this.local,
      createNode: (name, made) => new LocalNode(name, made, { onLoaded }),
      nodes: this.#nodes,
      queue: this.#queue,
      recorder,
      onEvent,
    });
    const unload = (reason: "idle" | "memory"): void => {
      this.#pool?.shrink();
      supervisor.unload(reason);
    };
    this.#idle = new IdleTimer(unloadAfterMs, () => {
      unload("idle");
    });
    this.#idle.start();
    const tell = (usedBytes: number): void => {
      onEvent({ type: "memory-pressure", usedBytes, limitBytes: maxMemoryBytes ?? 0 });
    };
    this.#memoryWatch = new MemoryWatch({
      maxBytes: maxMemoryBytes,
      measure: async () => {
        const reading = await measureMemory();
        return reading && { ...reading, bytes: reading.bytes + this.#weightsInWasm };
      },
      onRelief: () => {
        health.clear("memory");
      },
      dropCaches: ({ bytes }) => {
        tell(bytes);
        for (const node of this.locals) node.dropCaches();
      },
      unload: ({ bytes }) => {
        tell(bytes);
        if (this.#queue.isIdle) unload("memory");
      },
    });
  }

  /**
   * Answers a question: from memory, or when its turn comes.
   *
   * @throws {VlmError} `queue-full`, and what `take` and the call throw; the signal's reason when aborted
   */
  async run(asked: AskedQuestion): Promise<VlmResult> {
    asked.signal?.throwIfAborted();
    const known = asked.known && this.#recall({ ...asked.call, images: asked.known }, asked);
    if (known) return known;
    const toCall = (images: readonly WireImage[]): GenerateCall => ({ ...asked.call, images });
    // Text that the app has received cannot be taken back, so a call is repeated only before its first text.
    const shown = { hasText: false };
    const onEvent = (event: GenerateEvent): void => {
      shown.hasText ||= asked.isStreamed && event.type === "text-delta";
      asked.onEvent(event);
    };
    return this.#inTurn({ ...asked, onEvent }, toCall, shown, async (node, call, limits) => {
      // The call before it may have asked the same.
      const recalled = this.#recall(call, asked);
      if (recalled) return recalled;
      const result = await node.run({ ...limits, call, onEvent });
      this.#memory.remember(call, result);
      return result;
    });
  }

  /** Makes an image ready for the calls that follow. */
  open(asked: AskedCall, toCall: (images: readonly WireImage[]) => OpenCall): Promise<ImageInfo> {
    const shown = { hasText: false };
    return this.#inTurn(asked, toCall, shown, (node, call, limits) => {
      if (!node.open) throw new Error(`The node "${node.name}" keeps no image open`);
      return node.open({ ...limits, call });
    });
  }

  /** Reports an image that the page refused. The worker reports the images that it refuses itself. */
  noteRefused(error: unknown): void {
    if (!VlmError.is(error) || !error.code.startsWith("image-")) return;
    this.#recorder.record("vlm.image.rejected", 1, { "error.type": error.code });
  }

  /** Reports a call that failed, as OpenTelemetry does: by its duration, with the type of its error. */
  noteFailed(error: unknown, milliseconds: number): void {
    this.#recorder.recordMs("gen_ai.client.operation.duration", milliseconds, {
      "gen_ai.operation.name": "generate_content",
      "error.type": errorTypeOf(error),
    });
  }

  /** The calls that wait. */
  get queue(): { readonly depth: number; readonly longestWaitMs: number; readonly max: number } {
    const { depth, longestWaitMs } = this.#queue;
    return { depth, longestWaitMs, max: this.#limits.maxQueue };
  }

  /** The last measurement of memory, with the limit; undefined where nothing was measured. */
  get memory(): { readonly usedBytes: number; readonly maxBytes: number } | undefined {
    const { latest } = this.#memoryWatch;
    return latest && { usedBytes: latest.bytes, maxBytes: this.#limits.maxMemoryBytes ?? Infinity };
  }

  /** The workers of this page. */
  get locals(): readonly LocalNode[] {
    return this.#pool?.nodes ?? [this.local];
  }

  /** What each of them has to do now. */
  get workers(): readonly WorkerStats[] {
    return this.locals.map((node) => {
      const { phase, device } = node.state;
      return {
        name: node.name,
        state: phase,
        ...(device && { device }),
        outstanding: this.#nodes.outstandingOf(node),
        fileBytes: phase === "loaded" ? node.fileBytes : 0,
      };
    });
  }

  /** No browser tells the memory of WebAssembly, and most of it is the weights of the models. */
  get #weightsInWasm(): number {
    const inWasm = this.workers.filter(({ device }) => device === "wasm");
    return inWasm.reduce((sum, { fileBytes }) => sum + fileBytes, 0);
  }

  /** @returns undefined without a pool */
  get scaling(): ScalingStatus | undefined {
    return this.#pool?.status();
  }

  /** Forgets the remembered answers. */
  forget(): void {
    this.#memory.clear();
  }

  /** Waits for the calls that were made, and then ends the worker. */
  async retire(): Promise<void> {
    await Promise.allSettled(this.#calls);
    await this.dispose(
      new DOMException("This model was replaced by another.", "InvalidStateError"),
    );
  }

  /** Ends the worker. Calls that run or wait reject with `error`. */
  async dispose(error: Error): Promise<void> {
    this.#idle.end();
    this.#queue.close(error);
    const nodes = this.#nodes.nodes.map((node) => node.dispose(error));
    await Promise.all([...nodes, this.#pool?.dispose(error)]);
  }

  /** Takes a place in the queue, then the images, and runs `work` on a node when it is the call's turn. */
  async #inTurn<Call extends NodeCall, T>(
    { priority, signal, timeoutMs, isCostly, take, onEvent }: AskedCall,
    toCall: (images: readonly WireImage[]) => Call,
    shown: { readonly hasText: boolean },
    work: (node: Node, call: Call, limits: CallLimits) => Promise<T>,
  ): Promise<T> {
    const place = this.#queue.enter(priority);
    this.#idle.stop();
    this.#pool?.noteArrival();
    const sent: Promise<unknown>[] = [];
    const onSent = (done: Promise<unknown>): void => void sent.push(done);
    const run = async (): Promise<T> => {
      if (isCostly) await place.mayTake(signal);
      const { images, waitedMs, release } = await take();
      try {
        onEvent({ type: "queued", position: place.position });
        const call = toCall(images);
        const attempt = async (isLast: boolean): Promise<T> => {
          const { claim, queuedMs } = await place.turn(signal, () => this.#nodes.claim(call));
          const limits = { signal, timeoutMs, waitedMs, queuedMs, onSent };
          try {
            return await work(claim.node, call, limits);
          } catch (error) {
            const isTheCalls = isLast || shown.hasText || !this.#hasOthers(claim.node);
            if (isTheCalls || signal?.aborted || !claim.node.isFault(error)) throw error;
            place.again();
            return attempt(true);
          }
        };
        return await attempt(false);
      } finally {
        release();
      }
    };
    const call = run();
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
      // A call that was given up may still keep its node busy. The next one goes when the node is free.
      void Promise.allSettled(sent).then(() => {
        place.leave();
        this.#pool?.update();
        if (!this.#queue.isIdle) return;
        this.#idle.start();
        void this.#memoryWatch.check();
      });
    }
  }

  /** Whether another node than this one may answer, or another tab's worker. */
  #hasOthers(node: Node): boolean {
    if (this.#pool || this.#limits.isShared === true) return true;
    return this.#nodes.nodes.some((other) => other !== node);
  }

  /** Returns a remembered answer, with the events and metrics of a call. */
  #recall(call: GenerateCall, { onEvent }: Pick<AskedCall, "onEvent">): VlmResult | undefined {
    const variant = this.latest?.model.variant;
    const result = variant === undefined ? undefined : this.#memory.recall(call, variant);
    if (!result) return undefined;
    onEvent({ type: "queued", position: 0 });
    if (result.images.length > 0) onEvent({ type: "image-ready", images: result.images });
    onEvent({ type: "text-delta", text: result.text });
    this.#recorder.record("vlm.result_cache.hits", 1);
    reportCall(this.#recorder, result);
    return result;
  }
}
