import { afterEach, describe, expect, it, vi } from "vitest";
import { makeCall, makeResult } from "../../test/results.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { createRecorder } from "../metrics/recorder.ts";
import { VlmError } from "../protocol/errors.ts";
import type { Metric } from "../protocol/metric.ts";
import type { GenerateEvent, VlmEvent, VlmResult } from "../protocol/result.ts";
import type { TakenImages } from "../sources/take-images.ts";
import type { CallMessage, GenerateCall } from "../wire/worker-api.ts";
import { ActiveModel, type AskedQuestion, type ServingLimits } from "./active-model.ts";
import { NO_CRASH_MARKS } from "./crash-marks.ts";
import { HealthLog } from "./health-log.ts";
import { MEASURE_EVERY_MS } from "./memory-watch.ts";
import type { LoadedWorker } from "./supervisor.ts";
import { WorkerPool, type CreatePool } from "./worker-pool.ts";

afterEach(() => {
  vi.useRealTimers();
});

const NO_IMAGES: TakenImages = { images: [], waitedMs: 0, release: () => undefined };

type Generate = (call: GenerateCall, queuedMs: number) => Promise<VlmResult>;

/** @param generate what the worker does */
function open(generate: Generate, limits: Partial<ServingLimits> = {}) {
  const handle = {
    generate: vi.fn(generate),
    cancel: vi.fn(),
    dropCaches: vi.fn(),
    checkDevice: vi.fn(() => Promise.resolve()),
  };
  const { model } = makeResult();
  const loaded = {
    handle,
    device: "wasm",
    model,
    fileBytes: 150,
    fallback: undefined,
    markEncoding: NO_CRASH_MARKS.mark,
  } as unknown as LoadedWorker;
  const supervisor = {
    ready: vi.fn(() => Promise.resolve(loaded)),
    replace: () => undefined,
    noteAnswer: () => undefined,
    noteFailure: vi.fn(),
    unload: vi.fn(),
    worker: "loaded" as const,
    usesThreads: false,
    circuitOf: () =>
      ({ state: "closed", faults: 0, reason: undefined, retryAt: undefined }) as const,
    dispose: () => Promise.resolve(),
  };
  const metrics: Metric[] = [];
  const told: VlmEvent[] = [];
  const active = new ActiveModel(
    fastvlm05b(),
    supervisor,
    { ...loaded, device: "webgpu" },
    {
      recorder: createRecorder((metric) => metrics.push(metric), Date.now),
      onEvent: (event) => told.push(event),
      health: new HealthLog(),
    },
    {
      maxQueue: Infinity,
      limiter: undefined,
      unloadAfterMs: undefined,
      maxMemoryBytes: undefined,
      measureMemory: () => Promise.resolve(undefined),
      ...limits,
    },
  );
  const events: GenerateEvent[] = [];
  const ask = (change: Partial<AskedQuestion> = {}) =>
    active.run({
      call: makeCall(),
      known: undefined,
      isStreamed: true,
      priority: "interactive",
      signal: undefined,
      timeoutMs: 60_000,
      isCostly: false,
      take: () => Promise.resolve(NO_IMAGES),
      onEvent: (event) => events.push(event),
      ...change,
    });
  return { active, ask, events, handle, supervisor, metrics, told };
}

const other = (id: number) => ({ call: makeCall({ id, prompt: `Question ${String(id)}` }) });

describe("ActiveModel", () => {
  it("waits for no other worker, neither to give an answer nor to give it again", async () => {
    const { active, ask, events, supervisor } = open(() => Promise.resolve(makeResult()));
    expect(await ask()).toEqual(makeResult());
    expect(active.latest?.device).toBe("wasm");
    // The worker has died, and the next one takes its time.
    supervisor.ready.mockReturnValue(new Promise(() => undefined));
    expect(await ask()).toMatchObject({ text: "A cat.", cached: true });
    expect(events.at(-1)).toEqual({ type: "text-delta", text: "A cat." });
  });

  it("sends one call at a time, and tells the worker how long the others have waited", async () => {
    const { generate, answers } = held();
    const { ask, handle, metrics } = open(generate);
    const first = ask(other(1));
    const second = ask(other(2));
    await vi.waitFor(() => {
      expect(answers).toHaveLength(1);
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    answers[0]!();
    await first;
    await vi.waitFor(() => {
      expect(answers).toHaveLength(2);
    });
    expect(handle.generate.mock.calls[1]![1]).toBeGreaterThan(15);
    answers[1]!();
    await second;
    const depths = metrics.filter(({ name }) => name === "vlm.queue.depth");
    expect(depths.map(({ value }) => value)).toEqual([1, 2, 1, 0]);
  });

  it("waits for the worker after a call that was given up, and keeps the order", async () => {
    const { generate, answers } = held();
    const { ask, handle } = open(generate);
    const controller = new AbortController();
    const first = ask({ ...other(1), signal: controller.signal });
    const later = ask({ ...other(2), priority: "background" });
    await vi.waitFor(() => {
      expect(answers).toHaveLength(1);
    });
    controller.abort(new Error("enough"));
    await expect(first).rejects.toThrow("enough");
    expect(handle.cancel).toHaveBeenCalledWith(1);
    const soon = ask(other(3));
    expect(answers).toHaveLength(1);
    answers[0]!();
    await vi.waitFor(() => {
      expect(answers).toHaveLength(2);
    });
    answers[1]!();
    await soon;
    await vi.waitFor(() => {
      expect(answers).toHaveLength(3);
    });
    answers[2]!();
    await later;
    const prompts = handle.generate.mock.calls.map(([call]) => call.prompt);
    expect(prompts).toEqual(["Question 1", "Question 3", "Question 2"]);
  });

  it("takes no image for a call that is refused, and still gives remembered answers", async () => {
    const { generate, answers } = held();
    const { ask, metrics } = open(generate, { maxQueue: 0 });
    const first = ask(other(1));
    await vi.waitFor(() => {
      expect(answers).toHaveLength(1);
    });
    answers[0]!();
    await first;
    await new Promise((resolve) => setTimeout(resolve, 0));
    const running = ask(other(2));
    const take = vi.fn(() => Promise.resolve(NO_IMAGES));
    await expect(ask({ ...other(3), take })).rejects.toMatchObject({
      code: "queue-full",
      details: { reason: "max-queue", limit: 0 },
    });
    expect(await ask({ ...other(1), known: [], take })).toMatchObject({ cached: true });
    expect(take).not.toHaveBeenCalled();
    const refused = metrics.filter(({ name }) => name === "vlm.queue.refused");
    expect(refused.map(({ attributes }) => attributes)).toEqual([{ "vlm.reason": "max-queue" }]);
    await vi.waitFor(() => {
      expect(answers).toHaveLength(2);
    });
    answers[1]!();
    await running;
  });

  it("ends the worker when it was idle for long enough, and not while a call runs", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { generate, answers } = held();
    const { active, ask, supervisor } = open(generate, { unloadAfterMs: 1000 });
    vi.advanceTimersByTime(999);
    const call = ask({ timeoutMs: 60_000 });
    await settle();
    vi.advanceTimersByTime(5000);
    expect(supervisor.unload).not.toHaveBeenCalled();
    answers[0]!();
    await call;
    await settle();
    vi.advanceTimersByTime(999);
    expect(supervisor.unload).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(supervisor.unload.mock.calls).toEqual([["idle"]]);
    const last = ask(other(2));
    await settle();
    answers[1]!();
    await last;
    await active.dispose(new Error("disposed"));
    await settle();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("drops caches under pressure, and then ends the worker when no call runs", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const measureMemory = () => Promise.resolve({ bytes: 50, source: "agents" } as const);
    const limits = { maxMemoryBytes: 100, measureMemory };
    const { ask, handle, supervisor, told } = open(() => Promise.resolve(makeResult()), limits);
    await ask(other(1));
    await settle();
    expect(handle.dropCaches).toHaveBeenCalledOnce();
    expect(supervisor.unload).not.toHaveBeenCalled();
    vi.advanceTimersByTime(MEASURE_EVERY_MS);
    await ask(other(2));
    await settle();
    expect(supervisor.unload.mock.calls).toEqual([["memory"]]);
    // The browser does not tell that the files of the model are in the memory of WebAssembly.
    const pressure = { type: "memory-pressure", usedBytes: 50 + 150, limitBytes: 100 };
    expect(told).toEqual([pressure, pressure]);
  });

  it("checks the device in the worker, and tells its supervisor where that fails", async () => {
    const { active, handle, supervisor } = open(() => Promise.resolve(makeResult()));
    await active.local.checkDevice();
    expect(supervisor.noteFailure).not.toHaveBeenCalled();
    const details = { device: "wasm", check: "x", actual: 0, limit: 1 } as const;
    const error = new VlmError("device-check-failed", "Wrong.", details);
    handle.checkDevice.mockRejectedValue(error);
    await expect(active.local.checkDevice()).rejects.toBe(error);
    expect(supervisor.noteFailure).toHaveBeenCalledWith(active.latest, error);
  });

  it("repeats a call whose worker died once, before its other calls, and not after its first text", async () => {
    const crash = new VlmError("worker-crashed", "It died.", { phase: "generate" });
    let deaths = 1;
    const generate: Generate = (call) => {
      if (call.prompt !== "Question 1" || deaths-- <= 0) return Promise.resolve(makeResult());
      return Promise.reject(crash);
    };
    const createSupervisor = () => {
      throw new Error("Not needed, with one core");
    };
    const settings = { pool: { max: 2 }, scaling: {}, cores: 1, isShared: false, createSupervisor };
    const createPool: CreatePool = (served) => new WorkerPool({ ...settings, ...served });
    const { ask, handle } = open(generate, { createPool });
    const promptsOf = () => handle.generate.mock.calls.map(([call]) => call.prompt);
    const both = [ask(other(1)), ask(other(2))];
    expect(await Promise.all(both)).toHaveLength(2);
    expect(promptsOf()).toEqual(["Question 1", "Question 1", "Question 2"]);
    deaths = 2;
    await expect(
      ask({ ...other(1), call: makeCall({ prompt: "Question 1", id: 9, useCache: false }) }),
    ).rejects.toBe(crash);
    deaths = 1;
    handle.generate.mockClear();
    const speak = vi.fn((_call, _queuedMs, onMessage: (message: CallMessage) => void) => {
      onMessage({ type: "text-delta", text: "A" });
      return Promise.reject(crash);
    });
    handle.generate.mockImplementation(speak as unknown as Generate);
    await expect(ask(other(3))).rejects.toBe(crash);
    expect(speak).toHaveBeenCalledOnce();
    // Nobody has seen text of an answer that comes as a whole.
    await expect(ask({ ...other(4), isStreamed: false })).rejects.toBe(crash);
    expect(speak).toHaveBeenCalledTimes(3);
  });

  it("repeats nothing where there is one worker", async () => {
    const crash = new VlmError("worker-crashed", "It died.", { phase: "generate" });
    const { ask, handle } = open(() => Promise.reject(crash));
    await expect(ask()).rejects.toBe(crash);
    expect(handle.generate).toHaveBeenCalledOnce();
  });

  it("rejects calls that wait when it is disposed of, and frees their images", async () => {
    const { generate } = held();
    const { active, ask } = open(generate);
    const running = ask(other(1));
    running.catch(() => undefined);
    const release = vi.fn();
    const waiting = ask({ ...other(2), take: () => Promise.resolve({ ...NO_IMAGES, release }) });
    await settle();
    const error = new Error("disposed");
    await active.dispose(error);
    await expect(waiting).rejects.toBe(error);
    expect(release).toHaveBeenCalledOnce();
  });
});

/** Calls that are answered when the test says so. */
function held() {
  const answers: (() => void)[] = [];
  const generate: Generate = () =>
    new Promise((resolve) => {
      answers.push(() => {
        resolve(makeResult());
      });
    });
  return { generate, answers };
}

/** Lets what was settled go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
