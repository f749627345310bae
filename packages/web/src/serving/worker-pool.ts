/** Keeps as many workers with the same model as the policy in `scaling/decide.ts` says, and gives each of them to the queue as a node. */

import type { Recorder } from "../metrics/recorder.ts";
import type { VlmEvent } from "../protocol/result.ts";
import type {
  PoolLimit,
  PoolOptions,
  ScalingChange,
  ScalingOptions,
  ScalingReason,
  ScalingStatus,
} from "../protocol/scaling.ts";
import { decide, startScaling, type ScalingSettings } from "../scaling/decide.ts";
import { resolveScaling } from "../scaling/settings.ts";
import { expectedRate } from "../scaling/forecast.ts";
import type { CallQueue } from "./call-queue.ts";
import type { LocalNode, NodeSupervisor } from "./local-node.ts";
import type { NodeSet } from "./node-set.ts";

/** The options of a pool, and what makes further workers. */
export interface PoolSettings {
  readonly pool: PoolOptions;
  readonly scaling: ScalingOptions;
  /** Processor cores. */
  readonly cores: number;
  /** Whether the worker is one for all tabs. */
  readonly isShared: boolean;
  /** Makes what keeps a further worker loaded. It starts nothing yet. */
  readonly createSupervisor: () => NodeSupervisor;
}

/** The part of it that the model brings that serves. */
export interface Served {
  /** The node of the first worker. It stays until the pool is disposed of; its worker may end and start again. */
  readonly first: LocalNode;
  readonly createNode: (name: string, supervisor: NodeSupervisor) => LocalNode;
  readonly nodes: NodeSet;
  readonly queue: Pick<CallQueue, "depth" | "running" | "callMs" | "advance">;
  readonly recorder: Recorder;
  readonly onEvent: (event: VlmEvent) => void;
}

/** How often the policy is asked while it may change something, in milliseconds. */
const TICK_MS = 1000;

/** After a worker that could not start, no other is tried for so long. */
const START_AGAIN_MS = 60_000;

const MS_PER_SECOND = 1000;

export type CreatePool = (served: Served) => WorkerPool;

export class WorkerPool {
  readonly #options: PoolSettings & Served;
  readonly #scaling: ScalingSettings;
  /** Further workers, in the order in which they came. */
  readonly #more: LocalNode[] = [];
  /** Workers that get no more calls and end when they are done. */
  readonly #leaving = new Set<LocalNode>();
  #state = startScaling(performance.now());
  #arrivals = 0;
  #created = 1;
  #startMs: number | undefined;
  #failedAt = -Infinity;
  #wanted = 1;
  #lastChange: ScalingChange | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Looks after the calls that are made now. */
  #looking: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;

  constructor(options: PoolSettings & Served) {
    this.#options = options;
    this.#scaling = resolveScaling(options.pool, options.scaling);
    this.update();
  }

  /** All workers that may get calls, the first one first. */
  get nodes(): readonly LocalNode[] {
    return [this.#options.first, ...this.#more];
  }

  /** A call was made. */
  noteArrival(): void {
    this.#arrivals++;
    if (this.#alive.length === 0) {
      this.update();
      return;
    }
    // An app that makes many calls makes them at once. A look after each of them would start one worker for the first few, and
    // the cool-down would keep the others waiting.
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined;
      this.update();
    });
  }

  /** Asks the policy, and does what it says. Called when something has changed, and from time to time. */
  update(): void {
    if (this.#isDisposed) return;
    const { queue } = this.#options;
    const { state, workers, reason } = decide(
      this.#state,
      {
        now: performance.now(),
        workers: this.#alive.length,
        running: queue.running,
        waiting: queue.depth,
        arrivals: this.#arrivals,
        callMs: queue.callMs,
        startMs: this.#startMs,
        ceiling: this.#limit().workers,
      },
      this.#scaling,
    );
    this.#state = state;
    if (reason) this.#change(workers, reason);
    this.#wanted = workers;
    this.#tick();
  }

  status(): ScalingStatus {
    const { queue, first } = this.#options;
    const phases = this.nodes.map((node) => node.state.phase);
    const { forecast } = this.#state;
    return {
      workers: phases.filter((phase) => phase === "loaded").length,
      starting: phases.filter((phase) => phase === "starting").length,
      wanted: this.#wanted,
      limit: this.#limit(),
      running: queue.running,
      waiting: queue.depth,
      arrivals: {
        perSecond: expectedRate(forecast, 0) * MS_PER_SECOND,
        expectedPerSecond: expectedRate(forecast, this.#startMs ?? 0) * MS_PER_SECOND,
      },
      callMs: queue.callMs,
      startMs: this.#startMs,
      bytesPerWorker: first.fileBytes,
      lastChange: this.#lastChange,
    };
  }

  /** Ends all workers but the first, those that run a call when it has ended. */
  shrink(): void {
    while (this.#more.length > 0) this.#retire(this.#more[0]!);
  }

  /** Ends the workers that the set of nodes does not know any more. */
  async dispose(error: Error): Promise<void> {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#looking);
    await Promise.all([...this.#leaving].map((node) => node.dispose(error)));
  }

  get #alive(): readonly LocalNode[] {
    return this.nodes.filter(({ state: { phase } }) => phase === "loaded" || phase === "starting");
  }

  /** How many workers are possible, and why not more. */
  #limit(): ScalingStatus["limit"] {
    const { first, cores, scaling } = this.#options;
    const { maxMemoryBytes = Infinity } = scaling;
    const one = (reason: PoolLimit): ScalingStatus["limit"] => ({ workers: 1, reason });
    if (this.#options.isShared) return one("shared");
    const { device } = first.state;
    if (device === "webgpu") return one("webgpu");
    if (first.supervisor.usesThreads) return one("threads");
    if (!first.isStored) return one("not-stored");
    if (performance.now() - this.#failedAt < START_AGAIN_MS) {
      return { workers: Math.max(1, this.#alive.length), reason: "start-failed" };
    }
    const limits: [number, PoolLimit][] = [
      [this.#scaling.max, "max"],
      [cores, "cores"],
      [Math.floor(maxMemoryBytes / Math.max(1, first.fileBytes)), "memory"],
    ];
    const [workers, reason] = limits.reduce((a, b) => (b[0] < a[0] ? b : a));
    return { workers: Math.max(1, workers), reason };
  }

  #change(to: number, reason: ScalingReason): void {
    const from = this.#alive.length;
    const { first, recorder, onEvent } = this.#options;
    if (to > from) this.#grow(to - from);
    else {
      // Those without a call first, and of these the newest. The first worker may have died: then it is not among those to end.
      const alive = new Set(this.#alive);
      const busy = new Set(this.#options.nodes.busy);
      const order = [...this.#more]
        .reverse()
        .filter((node) => alive.has(node))
        .sort((a, b) => Number(busy.has(a)) - Number(busy.has(b)));
      for (const node of order.slice(0, from - to)) this.#retire(node);
      if (to === 0) first.supervisor.unload("idle");
    }
    this.#lastChange = { from, to, reason, at: Date.now() };
    recorder.record("vlm.pool.workers", to, { "vlm.reason": reason });
    onEvent({ type: "scaled", from, to, reason });
  }

  /** Starts workers, first those again that ended. */
  #grow(count: number): void {
    const ended = this.nodes.filter(({ state }) => state.phase === "none");
    for (const node of ended.slice(0, count)) void this.#start(node);
    for (let more = count - ended.length; more > 0; more--) {
      this.#created++;
      const { createNode, createSupervisor, nodes } = this.#options;
      const node = createNode(`worker-${String(this.#created)}`, createSupervisor());
      this.#more.push(node);
      nodes.add(node);
      void this.#start(node);
    }
  }

  async #start(node: LocalNode): Promise<void> {
    const startedAt = performance.now();
    try {
      await node.supervisor.ready();
      this.#startMs = performance.now() - startedAt;
    } catch {
      // Calls go on with the workers that there are. If there is none, the next call starts the first one, and says why it
      // cannot.
      this.#failedAt = performance.now();
      if (node !== this.#options.first) this.#retire(node);
    }
    if (this.#isDisposed) return;
    this.#options.queue.advance();
    this.update();
  }

  #retire(node: LocalNode): void {
    const index = this.#more.indexOf(node);
    if (index < 0) return;
    this.#more.splice(index, 1);
    this.#leaving.add(node);
    void this.#options.nodes.remove(node).then(async () => {
      await node.dispose(notNeeded());
      this.#leaving.delete(node);
    });
  }

  /** Looks again after a while, as long as time alone may change something. */
  #tick(): void {
    clearTimeout(this.#timer);
    const { queue } = this.#options;
    const isActive = queue.running + queue.depth > 0;
    if (!isActive && this.#alive.length <= this.#scaling.min) return;
    this.#timer = setTimeout(() => {
      this.update();
    }, TICK_MS);
  }
}

function notNeeded(): DOMException {
  return new DOMException("There are more workers than calls need.", "InvalidStateError");
}
