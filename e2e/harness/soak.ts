/** Hours of use in minutes: what the soak test does on its page, and what it counts. */

import { createVlm, VlmError, type OpenImage, type Vlm, type VlmResult } from "@fastvlm-kit/web";
import { createOps, type Ops, type OpsSnapshot } from "@fastvlm-kit/ops";
import { tinyModel } from "@fastvlm-kit/tiny";

export interface SoakOptions {
  /** Calls a second that are computed. */
  readonly computedPerSecond: number;
  /** Calls a second whose answer the page remembers. */
  readonly rememberedPerSecond: number;
  /** How often the worker is killed in mid-call, in milliseconds. */
  readonly killEveryMs: number;
  /** How often more calls come at once than may wait, in milliseconds. */
  readonly burstEveryMs: number;
  readonly scenes: readonly string[];
}

/** Of one kind of call. */
export interface SoakCount {
  made: number;
  answered: number;
  /** Refused or failed with an error that is documented, by its code or name. */
  readonly refusals: Record<string, number>;
  /** Anything else. There should be none. */
  readonly untyped: Record<string, number>;
  /** Of the answered calls, in milliseconds; at most 20,000 are kept. */
  readonly latenciesMs: number[];
}

export interface SoakReport {
  readonly counts: Readonly<Record<string, SoakCount>>;
  /** Calls that have neither been answered nor refused, and for how long the oldest has waited. */
  readonly pending: number;
  readonly oldestPendingMs: number;
  readonly kills: number;
  readonly device: string;
  readonly snapshot: OpsSnapshot;
}

const TIMEOUT_MS = 30_000;
const MAX_QUEUE = 8;

/**
 * How long the last calls may take. The worker may have been killed just before, a load on a software adapter takes up to
 * a minute and a half on a busy machine, and the time of a call begins when its worker is there.
 */
const LAST_ANSWERS_MS = 5 * 60_000;

const MAX_LATENCIES = 20_000;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Soak {
  readonly #options: SoakOptions;
  readonly #createWorker: () => Worker;
  readonly #counts: Record<string, SoakCount> = {};
  readonly #pending = new Map<number, number>();
  readonly #stop = new AbortController();
  readonly #lanes: Promise<void>[] = [];
  readonly #ops: Ops = createOps({ databaseName: "soak-ops" });
  #worker: Worker | undefined;
  #kills = 0;
  #nextId = 0;

  constructor(options: SoakOptions, createWorker: () => Worker) {
    this.#options = options;
    this.#createWorker = createWorker;
  }

  #vlm: Vlm | undefined;

  async start(): Promise<void> {
    const { scenes, computedPerSecond, rememberedPerSecond, killEveryMs, burstEveryMs } =
      this.#options;
    const vlm = await createVlm({
      // The same files on both devices, so that a lost GPU changes nothing but the speed.
      model: tinyModel({ precision: "fp16" }),
      worker: () => (this.#worker = this.#createWorker()),
      maxQueue: MAX_QUEUE,
      onMetric: this.#ops.onMetric,
      onEvent: this.#ops.onEvent,
    });
    this.#vlm = vlm;
    const images = await Promise.all(scenes.map(async (url) => (await fetch(url)).blob()));
    const open = await vlm.open(images[0]!);
    await open.caption({ maxNewTokens: 8 });
    let turn = 0;
    this.#lanes.push(
      this.#lane(1000 / computedPerSecond, () => {
        this.#computed(vlm, images, turn++);
      }),
      // Several at a time: timers of a page are no finer than some milliseconds.
      this.#lane(100, () => {
        for (let n = 0; n < rememberedPerSecond / 10; n++) this.#remembered(open);
      }),
      this.#lane(burstEveryMs, () => {
        for (let n = 0; n < MAX_QUEUE * 2; n++) this.#ask("burst", vlm, images[n % images.length]!);
      }),
      this.#lane(killEveryMs, () => {
        this.#kills++;
        this.#worker?.terminate();
      }),
    );
  }

  /** How far it is. Cheap, so that to ask often does not count as memory of the kit. */
  async progress(): Promise<{ made: number; pending: number; isOnGpu: boolean }> {
    const made = Object.values(this.#counts).reduce((sum, count) => sum + count.made, 0);
    const worker = (await this.#vlm?.health())?.checks["worker:liveness"]?.[0]?.observedValue;
    const isOnGpu = worker === "loaded" && this.#vlm?.device === "webgpu";
    return { made, pending: this.#pending.size, isOnGpu };
  }

  async report(): Promise<SoakReport> {
    const now = performance.now();
    const ages = [...this.#pending.values()].map((startedAt) => now - startedAt);
    return {
      counts: this.#counts,
      pending: this.#pending.size,
      oldestPendingMs: Math.max(0, ...ages),
      kills: this.#kills,
      device: this.#vlm?.device ?? "none",
      snapshot: await this.#ops.snapshot({ from: 0 }),
    };
  }

  /** Makes no more calls, waits for those that run, and returns what became of all. */
  async stop(): Promise<SoakReport> {
    this.#stop.abort();
    await Promise.all(this.#lanes);
    const deadline = performance.now() + LAST_ANSWERS_MS;
    while (this.#pending.size > 0 && performance.now() < deadline) await wait(200);
    return this.report();
  }

  /** Does the same again and again, at a steady rate, until the soak is stopped. */
  async #lane(everyMs: number, work: () => void): Promise<void> {
    const isStopped = (): boolean => this.#stop.signal.aborted;
    for (let next = performance.now() + everyMs; !isStopped(); next += everyMs) {
      while (!isStopped() && performance.now() < next) {
        await wait(Math.min(500, Math.max(1, next - performance.now())));
      }
      // After a pause of the browser, what was missed is not made up for.
      next = Math.max(next, performance.now() - everyMs);
      if (!isStopped()) work();
    }
  }

  /** One call that the model has to run for, of the kind whose turn it is. */
  #computed(vlm: Vlm, images: readonly Blob[], turn: number): void {
    const image = images[turn % images.length]!;
    switch (turn % 10) {
      case 3: {
        const signal = AbortSignal.timeout(20 + (turn % 7) * 60);
        this.#ask("aborted", vlm, image, signal);
        break;
      }
      case 5:
        this.#ask("bad image", vlm, new Blob(["This is no image."]));
        break;
      case 8:
        this.#ask("cut image", vlm, image.slice(0, 200));
        break;
      case 6:
      case 7:
        this.#count("caption", () => vlm.caption(image, { cache: false, timeoutMs: TIMEOUT_MS }));
        break;
      default:
        this.#ask("question", vlm, image);
    }
  }

  #ask(kind: string, vlm: Vlm, image: Blob, signal?: AbortSignal): void {
    this.#count(kind, async () => {
      const request = { image, prompt: "Describe this image.", maxNewTokens: 12, cache: false };
      const limits = { timeoutMs: TIMEOUT_MS, ...(signal && { signal }) };
      for await (const event of vlm.generate({ ...request, ...limits })) {
        if (event.type === "done") return event.result;
      }
      throw new Error("The stream ended without `done`");
    });
  }

  #remembered(open: OpenImage): void {
    this.#count("remembered", () => open.caption({ maxNewTokens: 8, timeoutMs: TIMEOUT_MS }));
  }

  #count(kind: string, call: () => Promise<VlmResult>): void {
    const count = (this.#counts[kind] ??= {
      made: 0,
      answered: 0,
      refusals: {},
      untyped: {},
      latenciesMs: [],
    });
    const id = this.#nextId++;
    const startedAt = performance.now();
    count.made++;
    this.#pending.set(id, startedAt);
    call()
      .then(
        () => {
          count.answered++;
          const { latenciesMs } = count;
          const place = (count.answered - 1) % MAX_LATENCIES;
          latenciesMs[place] = performance.now() - startedAt;
        },
        (error: unknown) => {
          const [list, name] = isDocumented(error)
            ? [count.refusals, nameOf(error)]
            : [count.untyped, String(error)];
          list[name] = (list[name] ?? 0) + 1;
        },
      )
      .finally(() => this.#pending.delete(id));
  }
}

/** A code of the kit, or the reason of a signal. */
function isDocumented(error: unknown): boolean {
  if (VlmError.is(error)) return true;
  return error instanceof DOMException && ["AbortError", "TimeoutError"].includes(error.name);
}

function nameOf(error: unknown): string {
  return VlmError.is(error) ? error.code : (error as Error).name;
}
