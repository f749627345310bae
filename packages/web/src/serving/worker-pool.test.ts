import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createRecorder } from "../metrics/recorder.ts";
import type { VlmEvent } from "../protocol/result.ts";
import type { ScalingOptions } from "../protocol/scaling.ts";
import { makeCall } from "../../test/results.ts";
import { LocalNode, type NodeSupervisor } from "./local-node.ts";
import { NodeSet } from "./node-set.ts";
import { NO_CRASH_MARKS } from "./crash-marks.ts";
import type { LoadedWorker } from "./supervisor.ts";
import { WorkerPool } from "./worker-pool.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

/** A supervisor whose worker starts when it is asked for, at once unless `start` waits. */
function createSupervisor(loaded: LoadedWorker, start: () => Promise<void>) {
  let worker: NodeSupervisor["worker"] = "none";
  const supervisor = {
    ready: vi.fn(async () => {
      if (worker === "loaded") return loaded;
      worker = "starting";
      try {
        await start();
      } catch (error) {
        worker = "none";
        throw error;
      }
      worker = "loaded";
      return loaded;
    }),
    replace: () => undefined,
    noteAnswer: () => undefined,
    noteFailure: () => undefined,
    circuitOf: vi.fn(),
    unload: vi.fn(() => {
      worker = "none";
    }),
    dispose: vi.fn(() => {
      worker = "disposed";
      return Promise.resolve();
    }),
    usesThreads: false,
    get worker() {
      return worker;
    },
  } satisfies NodeSupervisor;
  return supervisor;
}

async function create({
  scaling = {},
  min = 1,
  start = () => Promise.resolve(),
  usesThreads = false,
  device = "wasm",
  isPersisted = true,
  cores = 8,
  isShared = false,
}: {
  readonly scaling?: ScalingOptions;
  readonly min?: number;
  readonly start?: () => Promise<void>;
  readonly usesThreads?: boolean;
  readonly device?: "wasm" | "webgpu";
  readonly isPersisted?: boolean;
  readonly cores?: number;
  readonly isShared?: boolean;
} = {}) {
  const loaded = {
    handle: { isEnded: false },
    device,
    isPersisted,
    fileBytes: 100,
    markEncoding: NO_CRASH_MARKS.mark,
  } as unknown as LoadedWorker;
  const supervisors: ReturnType<typeof createSupervisor>[] = [];
  const make = () => {
    const made = createSupervisor(loaded, start);
    supervisors.push(made);
    return made;
  };
  const firstSupervisor = Object.assign(
    createSupervisor(loaded, () => Promise.resolve()),
    { usesThreads },
  );
  await firstSupervisor.ready();
  const first = new LocalNode("worker-1", firstSupervisor, {
    ready: loaded,
    onLoaded: () => undefined,
  });
  const nodes = new NodeSet();
  nodes.add(first);
  const queue = { depth: 0, running: 0, callMs: 200, advance: vi.fn() };
  const events: VlmEvent[] = [];
  const pool = new WorkerPool({
    pool: { min, max: 4 },
    scaling,
    cores,
    isShared,
    createSupervisor: make,
    createNode: (name, supervisor) =>
      new LocalNode(name, supervisor, { onLoaded: () => undefined }),
    first,
    nodes,
    queue,
    recorder: createRecorder(() => undefined, Date.now),
    onEvent: (event) => events.push(event),
  });
  await settle();
  return { pool, nodes, queue, events, supervisors, first };
}

/** Many calls wait. */
const BUSY = { depth: 20, running: 1 };

describe("WorkerPool", () => {
  it("starts workers when calls wait, lets the queue go on when they are loaded, and says why", async () => {
    const { pool, nodes, queue, events, supervisors } = await create();
    expect(supervisors).toHaveLength(0);
    // Calls that are made at once count together, or the cool-down would stand between the first few and the others.
    for (let depth = 1; depth <= 20; depth++) {
      Object.assign(queue, { depth, running: 1 });
      pool.noteArrival();
    }
    vi.advanceTimersByTime(0);
    expect(pool.status()).toMatchObject({ workers: 1, starting: 3, wanted: 4 });
    await settle();
    expect(nodes.nodes.map(({ name }) => name)).toEqual([
      "worker-1",
      "worker-2",
      "worker-3",
      "worker-4",
    ]);
    expect(pool.status()).toMatchObject({ workers: 4, limit: { workers: 4, reason: "max" } });
    expect(queue.advance).toHaveBeenCalledTimes(3);
    expect(events).toEqual([{ type: "scaled", from: 1, to: 4, reason: "queue-wait" }]);
  });

  it.each([
    ["threads", { usesThreads: true }, 1],
    ["shared", { isShared: true }, 1],
    ["webgpu", { device: "webgpu" }, 1],
    ["not-stored", { isPersisted: false }, 1],
    ["cores", { cores: 2 }, 2],
    ["memory", { scaling: { maxMemoryBytes: 350 } }, 3],
  ] as const)("starts no more workers than %s allows", async (reason, limit, workers) => {
    const { pool, queue } = await create({ min: 4, ...limit });
    Object.assign(queue, BUSY);
    pool.update();
    await settle();
    expect(pool.status()).toMatchObject({ workers, limit: { workers, reason } });
  });

  it("ends a worker only when its call has ended, and gives it no other", async () => {
    const { pool, nodes, queue, supervisors } = await create({
      scaling: { cooldownUpMs: 0, cooldownDownMs: 5000 },
    });
    Object.assign(queue, BUSY);
    pool.update();
    await settle();
    const claims = Array.from({ length: 4 }, (_, id) => nodes.claim(makeCall({ id }))!);
    const last = claims.find(({ node }) => node.name === "worker-4")!;
    for (const claim of claims) if (claim !== last) claim.release();
    Object.assign(queue, { depth: 0, running: 1 });
    pool.update();
    vi.advanceTimersByTime(7000);
    await settle();
    // Those without a call end first.
    expect(supervisors.map(({ worker }) => worker)).toEqual(
      ["disposed", "disposed", "disposed"].map((ended, index) => (index === 2 ? "loaded" : ended)),
    );
    expect(nodes.nodes.map(({ name }) => name)).not.toContain("worker-4");
    last.release();
    await settle();
    expect(supervisors[2]!.worker).toBe("disposed");
  });

  it("goes on with the workers that there are when another cannot start, and tries again later", async () => {
    let fails = true;
    const { pool, nodes, queue } = await create({
      start: () => (fails ? Promise.reject(new Error("no memory")) : Promise.resolve()),
    });
    Object.assign(queue, BUSY);
    pool.update();
    await settle();
    expect(nodes.nodes).toHaveLength(1);
    expect(pool.status().limit).toEqual({ workers: 1, reason: "start-failed" });
    fails = false;
    vi.advanceTimersByTime(59_000);
    await settle();
    expect(nodes.nodes).toHaveLength(1);
    vi.advanceTimersByTime(3000);
    await settle();
    expect(nodes.nodes).toHaveLength(4);
  });

  it("ends every worker of an idle model with min 0, and waits for nothing then", async () => {
    const { pool, queue, first, nodes } = await create({
      min: 0,
      scaling: { idleMs: 10_000, cooldownDownMs: 1000 },
    });
    Object.assign(queue, BUSY);
    pool.update();
    await settle();
    Object.assign(queue, { depth: 0, running: 0 });
    pool.update();
    vi.advanceTimersByTime(12_000);
    await settle();
    expect(nodes.nodes).toEqual([first]);
    expect(first.supervisor.unload).toHaveBeenCalledWith("idle");
    await pool.dispose(new Error("disposed"));
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends every other worker of an idle model, too, after the first one died", async () => {
    const { pool, queue, first, events, supervisors } = await create({
      min: 0,
      scaling: { idleMs: 10_000, cooldownDownMs: 20_000 },
    });
    Object.assign(queue, BUSY);
    pool.update();
    await settle();
    Object.assign(queue, { depth: 0, running: 0 });
    pool.update();
    first.supervisor.unload("idle"); // As after a death: the worker is gone, and the pool did not ask for it.
    vi.advanceTimersByTime(120_000);
    await settle();
    expect(supervisors.map(({ worker }) => worker)).toEqual(["disposed", "disposed", "disposed"]);
    expect(events.at(-1)).toMatchObject({ type: "scaled", to: 0, reason: "idle" });
    expect(events).toHaveLength(2);
    expect(vi.getTimerCount()).toBe(0);
  });
});
