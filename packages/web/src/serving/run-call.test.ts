import { afterEach, describe, expect, it, vi } from "vitest";
import { answer, asWorker, FakeWorker } from "../../test/fake-worker.ts";
import { makeCall, makeResult } from "../../test/results.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { toWireError, VlmError } from "../protocol/errors.ts";
import type { GenerateEvent } from "../protocol/result.ts";
import type { CallMessage, LoadRequest } from "../wire/worker-api.ts";
import { openImage, runCall } from "./run-call.ts";
import { Supervisor } from "./supervisor.ts";
import { WorkerHandle } from "./worker-handle.ts";

const workers: FakeWorker[] = [];

afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

type Script = readonly (CallMessage | "silence")[];

/** @param scripts what the calls are answered with, one after the other, in whichever worker they arrive */
async function open(...scripts: Script[]) {
  vi.stubGlobal("navigator", {});
  const rest = [...scripts];
  const ports: MessagePort[] = [];
  const supervisor = new Supervisor({
    createWorker: () => {
      const worker = new FakeWorker({
        generate: (_, port) => {
          ports.push(port);
          const script = rest.shift() ?? [];
          const messages = script.filter((message) => message !== "silence");
          if (script.includes("silence")) for (const message of messages) port.postMessage(message);
          else answer(port, ...messages);
          return Promise.resolve();
        },
      });
      workers.push(worker);
      return asWorker(worker);
    },
    model: fastvlm05b(),
    device: "wasm",
    loadRequest: {} as Omit<LoadRequest, "model" | "variant">,
    onMessage: () => undefined,
    onEvent: () => undefined,
    onFirstDownload: () => undefined,
  });
  await supervisor.ready();
  const events: GenerateEvent[] = [];
  const controller = new AbortController();
  const run = (timeoutMs = 30_000, waitedMs = 0) =>
    runCall(supervisor, {
      call: makeCall({ id: 5 }),
      signal: controller.signal,
      timeoutMs,
      waitedMs,
      queuedMs: 0,
      onSent: () => undefined,
      onEvent: (event) => events.push(event),
    });
  return { supervisor, run, events, controller, ports };
}

/** Channels go on in real time; only timers are held. */
function holdTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
}

/** Lets what was posted arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function cancellations(): unknown[][] {
  return workers.flatMap(({ calls }) => calls.filter(([name]) => name === "cancel"));
}

const STARTED: CallMessage = { type: "started" };
const DECODING: CallMessage = { type: "decoding", limitMs: 5000 };
const TEXT: CallMessage = { type: "text-delta", text: "A cat." };
const DONE: CallMessage = { type: "done", result: makeResult() };
const LOST: CallMessage = {
  type: "failed",
  error: toWireError(new VlmError("device-lost", "Gone.", { reason: "destroyed" })),
};

describe("runCall", () => {
  it("gives the result, and the page's events without the worker's own", async () => {
    const { run, events } = await open([STARTED, { type: "stage", stage: "vision" }, TEXT, DONE]);
    expect(await run()).toEqual(makeResult());
    expect(events).toEqual([TEXT]);
  });

  it("adds the fallback that the model was loaded with", async () => {
    const { supervisor, run } = await open([DONE]);
    const fallback = {
      device: "webgpu",
      reason: "no-adapter",
      message: "None.",
      to: "wasm",
    } as const;
    const ready = await supervisor.ready();
    vi.spyOn(supervisor, "ready").mockResolvedValue({ ...ready, fallback });
    expect((await run()).fallback).toEqual(fallback);
  });

  it("starts its deadline when the call leaves the queue, and cancels at its end", async () => {
    const { run, ports } = await open(["silence"]);
    holdTimers();
    const outcome = run(1000).catch((error: unknown) => error);
    await settle();
    vi.advanceTimersByTime(10_000);
    await settle();
    expect(cancellations()).toEqual([]);

    for (const message of [STARTED, { type: "stage", stage: "prefill" }])
      ports[0]!.postMessage(message);
    await settle();
    vi.advanceTimersByTime(999);
    await settle();
    expect(cancellations()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await outcome).toMatchObject({
      code: "timeout",
      details: { timeoutMs: 1000, stage: "prefill" },
    });
    await settle();
    expect(cancellations()).toEqual([["cancel", 5]]);
  });

  it("counts the time that the images took", async () => {
    const { run } = await open([STARTED, "silence"]);
    holdTimers();
    const outcome = run(1000, 700).catch((error: unknown) => error);
    await settle();
    vi.advanceTimersByTime(299);
    await settle();
    expect(cancellations()).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await outcome).toMatchObject({ code: "timeout", details: { timeoutMs: 1000 } });
  });

  it("leaves no deadline behind", async () => {
    const { run } = await open([STARTED, DONE]);
    holdTimers();
    await run();
    await settle();
    vi.advanceTimersByTime(60_000);
    await settle();
    expect(cancellations()).toEqual([]);
  });

  it("ends with the signal's reason at once, cancels, and gives no more events", async () => {
    const { run, controller, events, ports } = await open([STARTED, "silence"]);
    const outcome = run();
    await settle();
    const reason = new Error("the user left");
    controller.abort(reason);
    await expect(outcome).rejects.toBe(reason);
    ports[0]!.postMessage(TEXT);
    await settle();
    expect(events).toEqual([]);
    expect(cancellations()).toEqual([["cancel", 5]]);
  });

  it("does not reach the worker when it was aborted before", async () => {
    const { run, controller } = await open([DONE]);
    controller.abort(new Error("before"));
    await expect(run()).rejects.toThrow("before");
    expect(workers[0]!.calls.map(([name]) => name)).toEqual(["load"]);
  });

  it("replaces a worker that does not stop for a minute, and not sooner", async () => {
    const { run, controller } = await open([STARTED, "silence"]);
    holdTimers();
    const outcome = run();
    outcome.catch(() => undefined);
    await settle();
    controller.abort(new Error("enough"));
    await expect(outcome).rejects.toThrow("enough");
    vi.advanceTimersByTime(59_999);
    expect(workers[0]!.isTerminated).toBe(false);
    vi.advanceTimersByTime(1);
    expect(workers[0]!.isTerminated).toBe(true);
  });

  it("replaces a worker that is stuck in a decoder, and says which image is to blame", async () => {
    const { run, events } = await open([STARTED, DECODING, "silence"]);
    holdTimers();
    const outcome = run().catch((error: unknown) => error);
    await settle();
    vi.advanceTimersByTime(6999);
    expect(workers[0]!.isTerminated).toBe(false);
    vi.advanceTimersByTime(1);
    expect(workers[0]!.isTerminated).toBe(true);
    expect(await outcome).toMatchObject({
      code: "image-too-large",
      details: { what: "time", limit: 5000 },
    });
    expect(events).toEqual([]);
  });

  it("replaces it too when nobody waits for the call any more", async () => {
    const { run, controller } = await open([STARTED, DECODING, "silence"]);
    holdTimers();
    const outcome = run().catch((error: unknown) => error);
    await settle();
    controller.abort(new Error("enough"));
    await outcome;
    vi.advanceTimersByTime(7000);
    expect(workers[0]!.isTerminated).toBe(true);
  });

  it("leaves a worker alone that has decoded", async () => {
    const { run, events } = await open([STARTED, DECODING, { type: "decoded" }, "silence"]);
    holdTimers();
    run(60_000).catch(() => undefined);
    await settle();
    vi.advanceTimersByTime(7000);
    expect(workers[0]!.isTerminated).toBe(false);
    expect(events).toEqual([]);
  });

  it("leaves a worker alone that stopped when it was told to", async () => {
    const { run, controller, ports } = await open([STARTED, "silence"]);
    holdTimers();
    const outcome = run();
    outcome.catch(() => undefined);
    await settle();
    controller.abort(new Error("enough"));
    answer(ports[0]!, {
      type: "failed",
      error: toWireError(new DOMException("enough", "AbortError")),
    });
    await settle();
    vi.advanceTimersByTime(120_000);
    expect(workers[0]!.isTerminated).toBe(false);
  });

  it("leaves a worker alone whose aborted call only waited", async () => {
    const { run, controller } = await open(["silence"]);
    holdTimers();
    const outcome = run();
    outcome.catch(() => undefined);
    await settle();
    controller.abort(new Error("enough"));
    await settle();
    vi.advanceTimersByTime(120_000);
    expect(workers[0]!.isTerminated).toBe(false);
    expect(cancellations()).toEqual([["cancel", 5]]);
  });

  it("repeats a call once whose GPU was lost before its first word", async () => {
    const { run, events } = await open([STARTED, LOST], [STARTED, TEXT, DONE]);
    expect(await run()).toEqual(makeResult());
    expect(events).toEqual([TEXT]);
    // The worker itself has not said yet that its GPU was lost.
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  it("repeats a call once only", async () => {
    const { run, ports } = await open([LOST], [LOST], [DONE]);
    await expect(run()).rejects.toMatchObject({ code: "device-lost" });
    expect(ports).toHaveLength(2);
  });

  it("does not repeat a call whose text was shown", async () => {
    const { run, ports } = await open([TEXT, LOST], [DONE]);
    await expect(run()).rejects.toMatchObject({ code: "device-lost" });
    expect(ports).toHaveLength(1);
  });

  it("does not repeat a call that failed otherwise", async () => {
    const error = new VlmError("out-of-memory", "Full.", { device: "wasm" });
    const { run, ports } = await open([{ type: "failed", error: toWireError(error) }], [DONE]);
    await expect(run()).rejects.toMatchObject({ code: "out-of-memory" });
    expect(ports).toHaveLength(1);
  });

  it("rejects when the worker dies, and the next call gets a fresh one", async () => {
    const { run } = await open([STARTED, "silence"], [DONE]);
    const outcome = run();
    outcome.catch(() => undefined);
    await settle();
    workers[0]!.crash();
    await expect(outcome).rejects.toMatchObject({
      code: "worker-crashed",
      details: { phase: "generate" },
    });
    expect(await run()).toEqual(makeResult());
    expect(workers).toHaveLength(2);
  });
});

describe("openImage", () => {
  it("is a call of its own, which is repeated when the GPU was lost", async () => {
    const lost = new VlmError("device-lost", "Gone.", { reason: "destroyed" });
    const image = makeResult().images[0]!;
    const { supervisor } = await open();
    const outcomes: CallMessage[] = [
      { type: "failed", error: toWireError(lost) },
      { type: "opened", image },
    ];
    const asked: unknown[] = [];
    vi.spyOn(WorkerHandle.prototype, "open").mockImplementation((call) => {
      asked.push(call);
      const outcome = outcomes.shift()!;
      return outcome.type === "opened" ? Promise.resolve(outcome.image) : Promise.reject(lost);
    });
    const view = { fit: "crop", detail: 64, targetLatencyMs: undefined } as const;
    const call = { id: 7, image: { kind: "data", url: "data:," }, ...view } as const;
    const limits = {
      signal: undefined,
      timeoutMs: 1000,
      waitedMs: 0,
      queuedMs: 0,
      onSent: () => undefined,
    };
    expect(await openImage(supervisor, { call, ...limits })).toEqual(image);
    expect(asked).toEqual([call, call]);
  });
});
