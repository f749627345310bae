import { afterEach, describe, expect, it, vi } from "vitest";
import { answer, asWorker, FakeWorker, never } from "../../test/fake-worker.ts";
import { makeCall, makeResult } from "../../test/results.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { toWireError, VlmError } from "../protocol/errors.ts";
import type { CallMessage, LoadRequest, WorkerApi, WorkerMessage } from "../wire/worker-api.ts";
import { toDownloadPolicy, toStorageOptions } from "../client/storage-settings.ts";
import { WorkerHandle } from "./worker-handle.ts";

const model = fastvlm05b();
const LOAD: LoadRequest = {
  model,
  variant: model.variants[0]!,
  storage: toStorageOptions({ storage: "memory" }),
  download: toDownloadPolicy(),
  network: "any",
  asksAnew: false,
  imageLimits: {
    maxBytes: 1,
    maxPixels: 1,
    maxReducedPixels: 1,
    maxDecodeMs: 1,
    maxSide: 1,
    maxRatio: 1,
    maxSegments: 1,
    maxScans: 1,
    maxChunks: 1,
  },
  optimize: "auto",
  wasmThreads: 0,
};

const workers: FakeWorker[] = [];

afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
  vi.useRealTimers();
});

function prepare(api?: Partial<WorkerApi>) {
  const worker = new FakeWorker(api);
  workers.push(worker);
  const messages: WorkerMessage[] = [];
  const onDeath = vi.fn();
  const handle = new WorkerHandle({
    createWorker: () => asWorker(worker),
    onMessage: (message) => messages.push(message),
    onDeath,
  });
  return { worker, messages, onDeath, handle };
}

async function open(api?: Partial<WorkerApi>) {
  const prepared = prepare(api);
  await prepared.handle.connect();
  return prepared;
}

describe("WorkerHandle.connect", () => {
  it("fails and ends the worker when it speaks another protocol", async () => {
    const { handle, worker } = prepare({
      connect: () => Promise.resolve({ ok: true, value: { protocolVersion: 999, hasLock: false } }),
    });
    await expect(handle.connect()).rejects.toMatchObject({
      code: "worker-crashed",
      details: { phase: "start" },
    });
    expect(worker.isTerminated).toBe(true);
  });

  it("fails at once when the script does not load, and says what to check", async () => {
    const { handle, worker } = prepare({ connect: never });
    const starting = handle.connect();
    worker.crash("");
    await expect(starting).rejects.toThrow(
      /no reason given.*Check that `worker` creates a module worker/,
    );
  });

  it("fails after 30 s without an answer", async () => {
    vi.useFakeTimers();
    const { handle, worker, onDeath } = prepare({ connect: never });
    const outcome = handle.connect().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(worker.isTerminated).toBe(false);
    // The search for the reason has ten seconds, and finds none here.
    await vi.advanceTimersByTimeAsync(10_001);
    expect(await outcome).toMatchObject({
      code: "start-failed",
      details: { phase: "script", reason: "timeout" },
    });
    expect(worker.isTerminated).toBe(true);
    expect(onDeath).toHaveBeenCalledTimes(1);
  });

  it("leaves no timer behind that could end a healthy worker", async () => {
    const { handle, worker } = prepare();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    await handle.connect();
    vi.advanceTimersByTime(60_000);
    expect(worker.isTerminated).toBe(false);
  });

  it("ends at once with what the handle is ended with", async () => {
    const { handle } = prepare({ connect: never });
    const connecting = handle.connect();
    const error = new Error("disposed");
    handle.end(error);
    await expect(connecting).rejects.toBe(error);
  });
});

describe("a worker that loads the WebAssembly of its runtime", () => {
  const url = "https://example.com/ort.wasm";

  async function load() {
    const { worker, handle } = await open({ load: never });
    vi.useFakeTimers();
    const outcome = handle.load(LOAD).catch((error: unknown) => error);
    return { worker, outcome };
  }

  it("is waited for as long as bytes come, and no longer; the error names the file", async () => {
    const { worker, outcome } = await load();
    for (let part = 0; part < 40; part++) {
      worker.tell({ type: "start", phase: "wasm", url });
      await vi.advanceTimersByTimeAsync(20_000);
    }
    expect(worker.isTerminated).toBe(false);
    await vi.advanceTimersByTimeAsync(11_000);
    const error = (await outcome) as VlmError<"start-failed">;
    expect(error.message).toContain("within 30 s");
    expect(error.details).toMatchObject({ phase: "wasm", reason: "wasm-unreachable" });
    expect(error.details.url).toMatch(/ort[.]wasm$/);
    expect(worker.isTerminated).toBe(true);
  });

  it("is ended where the browser never has it compiled", async () => {
    const { worker, outcome } = await load();
    worker.tell({ type: "start", phase: "wasm", url });
    worker.tell({ type: "start", phase: "compile" });
    await vi.advanceTimersByTimeAsync(118_000);
    expect(worker.isTerminated).toBe(false);
    await vi.advanceTimersByTimeAsync(3000);
    const details = { phase: "compile", reason: "timeout" };
    expect(await outcome).toMatchObject({ code: "start-failed", details });
  });
});

describe("WorkerHandle", () => {
  it("gives events in order, and the outcome after them", async () => {
    const { handle } = await open({
      generate: (_, port) => {
        answer(
          port,
          { type: "started" },
          { type: "text-delta", text: "A" },
          { type: "done", result: makeResult() },
        );
        return Promise.resolve();
      },
    });
    const seen: CallMessage[] = [];
    expect(await handle.generate(makeCall(), 0, (message) => seen.push(message))).toEqual(
      makeResult(),
    );
    expect(seen).toEqual([{ type: "started" }, { type: "text-delta", text: "A" }]);
  });

  it("rebuilds the worker's errors", async () => {
    const error = toWireError(
      new VlmError("model-invalid", "Bad.", { file: "config.json", reason: "not JSON" }),
    );
    const { handle } = await open({
      load: () => Promise.resolve({ ok: false, error }),
      generate: (_, port) => {
        answer(port, { type: "failed", error });
        return Promise.resolve();
      },
      clearCache: () => Promise.resolve({ ok: false, error }),
    });
    const work = [
      handle.load(LOAD),
      handle.generate(makeCall(), 0, () => undefined),
      handle.clearCache(LOAD, "all"),
    ];
    for (const outcome of await Promise.allSettled(work)) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "model-invalid" } });
    }
  });

  it("reports a failed call to its caller only, even when the reply is slow", async () => {
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    try {
      const { handle } = await open({
        async generate(_, port) {
          answer(port, { type: "failed", error: toWireError(new Error("no")) });
          await new Promise((resolve) => setTimeout(resolve, 50));
        },
      });
      await expect(handle.generate(makeCall(), 0, () => undefined)).rejects.toThrow("no");
      expect(unhandled).not.toHaveBeenCalled();
    } finally {
      process.off("unhandledRejection", unhandled);
    }
  });

  it.each<[string, (worker: FakeWorker, handle: WorkerHandle) => void]>([
    [
      "throws",
      (worker) => {
        worker.crash();
      },
    ],
    [
      "sends what cannot be read",
      (worker) => {
        worker.dispatchEvent(new MessageEvent("messageerror"));
      },
    ],
    [
      "is ended",
      (_, handle) => {
        handle.end(new VlmError("worker-crashed", "ended", { phase: "generate" }));
      },
    ],
  ])("rejects every pending call when the worker %s", async (_, die) => {
    const { handle, worker } = await open({ load: never, generate: never, clearCache: never });
    const pending = [
      handle.load(LOAD),
      handle.generate(makeCall(), 0, () => undefined),
      handle.clearCache(LOAD, "results"),
    ];
    const outcomes = Promise.allSettled(pending);
    die(worker, handle);
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "worker-crashed" } });
    }
    expect(worker.isTerminated).toBe(true);
    expect(handle.isEnded).toBe(true);
    await expect(handle.clearCache(LOAD, "results")).rejects.toMatchObject({
      code: "worker-crashed",
    });
  });

  it("says in which phase the worker died", async () => {
    const phases: unknown[] = [];
    for (const step of ["connected", "loading", "loaded"]) {
      const { handle, worker } = await open(step === "loading" ? { load: never } : {});
      const loading = step === "connected" ? undefined : handle.load(LOAD);
      if (step === "loaded") await loading;
      loading?.catch(() => undefined);
      worker.crash();
      const error: unknown = await handle
        .clearCache(LOAD, "all")
        .catch((reason: unknown) => reason);
      phases.push(VlmError.is(error, "worker-crashed") && error.details.phase);
    }
    expect(phases).toEqual(["start", "load", "generate"]);
  });

  it("tells of a death once, and not of an end that was asked for", async () => {
    const crashed = await open();
    crashed.worker.crash();
    crashed.worker.crash();
    crashed.handle.end(new Error("later"));
    expect(crashed.onDeath).toHaveBeenCalledTimes(1);

    const ended = await open();
    ended.handle.end(new Error("enough"));
    ended.worker.crash();
    expect(ended.onDeath).not.toHaveBeenCalled();
  });

  it("passes on what the worker says of itself until it ends", async () => {
    const { handle, worker, messages } = await open();
    const message: WorkerMessage = { type: "device-lost", reason: "destroyed" };
    worker.tell(message);
    await vi.waitUntil(() => messages.length === 1);
    expect(messages).toEqual([message]);
    worker.tell(message);
    handle.end(new Error("enough"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(messages).toHaveLength(1);
  });

  it("cancels without waiting, also after the worker's end", async () => {
    const { handle, worker } = await open();
    handle.cancel(7);
    await vi.waitUntil(() => worker.calls.length === 1);
    expect(worker.calls).toEqual([["cancel", 7]]);
    handle.end(new Error("enough"));
    handle.cancel(8);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(worker.calls).toHaveLength(1);
  });

  it("sends no pixels that would never arrive", async () => {
    const { handle, worker } = await open();
    const data = new Uint8ClampedArray(64 * 64 * 4);
    const pixels = { data, width: 64, height: 64, colorSpace: "srgb" } as ImageData;
    structuredClone(data.buffer, { transfer: [data.buffer] });
    const call = makeCall({ images: [{ kind: "pixels", pixels }] });
    await expect(handle.generate(call, 0, () => undefined)).rejects.toMatchObject({
      code: "image-unreadable",
      details: { reason: "empty" },
    });
    expect(worker.calls.map(([name]) => name)).not.toContain("generate");
  });
});
