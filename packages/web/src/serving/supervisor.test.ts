import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeBrowser } from "../../test/fake-page.ts";
import { asWorker, FakeWorker, never } from "../../test/fake-worker.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { toWireError, VlmError, type StartPhase } from "../protocol/errors.ts";
import type { Device, ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { VlmEvent } from "../protocol/result.ts";
import type { LoadRequest, WorkerApi } from "../wire/worker-api.ts";
import { NO_CRASH_MARKS, type CrashMarks } from "./crash-marks.ts";
import { START_LIMITS_MS } from "./start-watch.ts";
import { toStorageOptions } from "../client/storage-settings.ts";
import { Supervisor, type LoadedWorker } from "./supervisor.ts";

const workers: FakeWorker[] = [];

afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** @param api what the workers do, one after the other; those after the last answer every call at once */
function open({
  device = "auto",
  api = [],
  model = fastvlm05b(),
  crashMarks = NO_CRASH_MARKS,
}: {
  device?: "auto" | Device;
  api?: Partial<WorkerApi>[];
  model?: ModelDescriptor;
  crashMarks?: CrashMarks;
} = {}) {
  const gpu = { requestAdapter: () => Promise.resolve({ features: new Set(["shader-f16"]) }) };
  vi.stubGlobal("navigator", { gpu });
  const events: VlmEvent[] = [];
  const started: FakeWorker[] = [];
  const supervisor = new Supervisor({
    createWorker: () => {
      const worker = new FakeWorker(api[started.length]);
      started.push(worker);
      workers.push(worker);
      return asWorker(worker);
    },
    model,
    device,
    crashMarks,
    loadRequest: {} as Omit<LoadRequest, "model" | "variant">,
    onMessage: () => undefined,
    onEvent: (event) => events.push(event),
    onFirstDownload: () => undefined,
  });
  return { supervisor, started, events };
}

function failLoad(error: unknown): Partial<WorkerApi> {
  return { load: () => Promise.resolve({ ok: false, error: toWireError(error) }) };
}

const sessionFailed = new VlmError("session-failed", "The vision graph failed.", {
  device: "webgpu",
  stage: "create",
  graph: "vision",
});
const downloadFailed = new VlmError("download-failed", "Offline.", { url: "x", reason: "network" });

function startFailed(phase: StartPhase, reason: "timeout" | "error"): VlmError {
  return new VlmError("start-failed", "Not started.", { phase, reason });
}

/** How many threads a worker was asked to load with. */
function threadsOf({ calls }: FakeWorker): number | undefined {
  const [, request] = calls.find(([name]) => name === "load") as [string, LoadRequest];
  return (request as Partial<LoadRequest>).wasmThreads;
}

async function loseGpu(worker: FakeWorker, { handle }: LoadedWorker): Promise<void> {
  worker.tell({ type: "device-lost", reason: "destroyed" });
  await vi.waitUntil(() => handle.isEnded);
}

describe("Supervisor", () => {
  it("loads the model once, for all who ask", async () => {
    const { supervisor, started, events } = open();
    const [first, second] = await Promise.all([supervisor.ready(), supervisor.ready()]);
    expect(first).toBe(second);
    expect(await supervisor.ready()).toBe(first);
    expect(first).toMatchObject({
      device: "webgpu",
      model: { variant: "q4f16" },
      fallback: undefined,
    });
    expect(started).toHaveLength(1);
    expect(events).toEqual([]);
  });

  it.each([
    sessionFailed,
    new VlmError("device-check-failed", "Wrong.", {
      device: "webgpu",
      check: "x",
      actual: 0,
      limit: 1,
    }),
    new VlmError("out-of-memory", "Full.", { device: "webgpu" }),
    new VlmError("device-lost", "Gone.", { reason: "destroyed" }),
  ])("falls back to the next device, in a fresh worker, after $code", async (error) => {
    const { supervisor, started, events } = open({ api: [failLoad(error)] });
    const ready = await supervisor.ready();
    const fallback = { device: "webgpu", reason: error.code, message: error.message, to: "wasm" };
    expect(ready).toMatchObject({ device: "wasm", model: { variant: "int8" }, fallback });
    expect(events).toEqual([{ type: "device-fallback", fallback }]);
    expect(started.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
  });

  it("falls back where no engine of the worker takes the files of the first device", async () => {
    const attempt = { device: "webgpu", reason: "no-engine", message: "No engine." } as const;
    const error = new VlmError("no-device", "No engine.", { attempts: [attempt] });
    const { supervisor } = open({ api: [failLoad(error)] });
    expect(await supervisor.ready()).toMatchObject({ fallback: { ...attempt, to: "wasm" } });
  });

  it.each([
    downloadFailed,
    new VlmError("model-invalid", "Bad.", { file: "config.json", reason: "not JSON" }),
    new TypeError("a bug"),
  ])("does not try another device after %o, which would only fail again", async (error) => {
    const { supervisor, started } = open({ api: [failLoad(error)] });
    await expect(supervisor.ready()).rejects.toMatchObject({ message: error.message });
    expect(started).toHaveLength(1);
    expect(started[0]!.isTerminated).toBe(true);
  });

  it("does not try another device when the worker does not even start", async () => {
    const { supervisor, started } = open({ api: [{ connect: never }] });
    const ready = supervisor.ready();
    await vi.waitUntil(() => started.length === 1);
    started[0]!.crash();
    await expect(ready).rejects.toMatchObject({
      code: "worker-crashed",
      details: { phase: "start" },
    });
    expect(started).toHaveLength(1);
  });

  it("says of every device why it could not run the model", async () => {
    const { supervisor } = open({
      api: [
        failLoad(sessionFailed),
        failLoad(new VlmError("out-of-memory", "Full.", { device: "wasm" })),
      ],
    });
    const error: unknown = await supervisor.ready().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "no-device", cause: { code: "out-of-memory" } });
    expect(VlmError.is(error, "no-device") && error.details.attempts).toEqual([
      { device: "webgpu", reason: "session-failed", message: "The vision graph failed." },
      { device: "wasm", reason: "out-of-memory", message: "Full." },
    ]);
  });

  it("gives the error itself where there was one device to try", async () => {
    const { supervisor } = open({ device: "webgpu", api: [failLoad(sessionFailed)] });
    await expect(supervisor.ready()).rejects.toMatchObject({ code: "session-failed" });
  });

  it("tries a failed load again at the next call", async () => {
    const { supervisor, started } = open({ api: [failLoad(downloadFailed)] });
    await expect(supervisor.ready()).rejects.toMatchObject({ code: "download-failed" });
    expect(await supervisor.ready()).toMatchObject({ device: "webgpu", fallback: undefined });
    expect(started).toHaveLength(2);
  });

  it("starts a fresh worker after a crash, and says so", async () => {
    const { supervisor, started, events } = open();
    const first = await supervisor.ready();
    started[0]!.crash();
    expect(first.handle.isEnded).toBe(true);
    expect(events).toEqual([]);
    const second = await supervisor.ready();
    expect(second).not.toBe(first);
    expect(events).toEqual([{ type: "worker-restarted", reason: "worker-crashed" }]);
    expect(await supervisor.ready()).toBe(second);
    expect(events).toHaveLength(1);
  });

  it.each(["crashes", "loses its GPU"])(
    "keeps the fallback's worker when the first one %s while loading",
    async (how) => {
      const { supervisor, started, events } = open({ api: [{ load: never }] });
      const loading = supervisor.ready();
      await vi.waitUntil(() => started[0]?.calls.length === 1);
      if (how === "crashes") started[0]!.crash();
      else started[0]!.tell({ type: "device-lost", reason: "destroyed" });
      const ready = await loading;
      expect(ready.device).toBe("wasm");
      expect(await supervisor.ready()).toBe(ready);
      expect(started.map(({ isTerminated }) => isTerminated)).toEqual([true, false]);
      expect(events.map(({ type }) => type)).toEqual(["device-fallback"]);
      await supervisor.dispose(new Error("enough"));
      expect(started[1]!.isTerminated).toBe(true);
    },
  );

  it("stays with the commit that its first worker found a branch at", async () => {
    const commit = "c0ffee".padEnd(40, "0");
    const load: WorkerApi["load"] = ({ model: { id }, variant }) => {
      const model = { id, revision: commit, variant: variant.id };
      const report = {
        model,
        device: variant.device,
        isPersisted: true,
        shouldAskToPersist: false,
      };
      return Promise.resolve({ ok: true, value: report });
    };
    const { supervisor, started } = open({ api: [{ load }, { load }] });
    const { handle } = await supervisor.ready();
    started[0]!.crash();
    await vi.waitUntil(() => handle.isEnded);
    await supervisor.ready();
    const asked = started.map(({ calls }) => (calls[0]![1] as LoadRequest).model);
    expect(asked.map(({ revision }) => revision)).toEqual(["main", commit]);
    expect(asked[1]).not.toHaveProperty("source");
  });

  it("tries a lost GPU once more, then leaves it", async () => {
    const { supervisor, started, events } = open();
    const first = await supervisor.ready();
    await loseGpu(started[0]!, first);
    const second = await supervisor.ready();
    expect(second.device).toBe("webgpu");
    supervisor.noteAnswer(second);
    await loseGpu(started[1]!, second);
    const third = await supervisor.ready();
    expect(third).toMatchObject({
      device: "wasm",
      fallback: { device: "webgpu", reason: "circuit-open" },
    });
    expect(events.map((event) => ("state" in event ? event.state : event.type))).toEqual([
      "worker-restarted",
      "open",
      "device-fallback",
      "worker-restarted",
    ]);
  });

  it("ends an idle worker whose model is stored, and says what became of it", async () => {
    const { supervisor, started, events } = open();
    expect(supervisor.worker).toBe("none");
    const loading = supervisor.ready();
    expect(supervisor.worker).toBe("starting");
    supervisor.unload("idle");
    await loading;
    expect(supervisor.worker).toBe("loaded");
    supervisor.unload("idle");
    supervisor.unload("idle");
    expect(supervisor.worker).toBe("none");
    expect(started.map(({ isTerminated }) => isTerminated)).toEqual([true]);
    await supervisor.ready();
    expect(supervisor.worker).toBe("loaded");
    expect(events).toEqual([{ type: "worker-unloaded", reason: "idle" }]);
    await supervisor.dispose(new Error("disposed"));
    expect(supervisor.worker).toBe("disposed");
  });

  it("keeps an idle worker where another one would have to download the model", async () => {
    const load: WorkerApi["load"] = ({ model: { id, revision }, variant }) => {
      const model = { id, revision, variant: variant.id };
      const isStored = { isPersisted: false, shouldAskToPersist: false };
      return Promise.resolve({ ok: true, value: { model, device: variant.device, ...isStored } });
    };
    const { supervisor } = open({ api: [{ load }] });
    const ready = await supervisor.ready();
    supervisor.unload("memory");
    expect(await supervisor.ready()).toBe(ready);
  });

  it.each(["session-failed", "out-of-memory"] as const)(
    "takes a fresh worker after a call that failed with %s",
    async (code) => {
      const { supervisor, started, events } = open();
      const details = { device: "webgpu", stage: "run", graph: "decoder" } as const;
      supervisor.noteFailure(await supervisor.ready(), new VlmError(code, "No.", details));
      expect(started[0]!.isTerminated).toBe(true);
      expect(await supervisor.ready()).toMatchObject({ device: "webgpu" });
      expect(events).toEqual([{ type: "worker-restarted", reason: code }]);
    },
  );

  it("keeps its worker when a call fails for a reason of its own", async () => {
    const { supervisor } = open();
    const ready = await supervisor.ready();
    const errors = [
      new VlmError("image-unreadable", "Bad.", { reason: "malformed" }),
      new VlmError("timeout", "Slow.", { timeoutMs: 1, stage: "decode" }),
      new DOMException("enough", "AbortError"),
      new TypeError("a bug"),
    ];
    for (const error of [...errors, ...errors, ...errors]) supervisor.noteFailure(ready, error);
    expect(await supervisor.ready()).toBe(ready);
    expect(supervisor.circuitOf("webgpu")).toMatchObject({ state: "closed", faults: 0 });
  });

  it("fails at once where every device is left alone, and tries again after a while", async () => {
    const { supervisor, started, events } = open({ device: "wasm" });
    vi.useFakeTimers({ toFake: ["Date"] });
    for (const [index, ready] of [await supervisor.ready(), ...[undefined, undefined]].entries()) {
      const { handle } = ready ?? (await supervisor.ready());
      started[index]!.crash();
      expect(handle.isEnded).toBe(true);
    }
    const refused = (left: number) => ({
      code: "circuit-open",
      details: { device: "wasm", reason: "worker-crashed", retryAfterMs: left },
    });
    await expect(supervisor.ready()).rejects.toMatchObject(refused(30_000));
    vi.setSystemTime(Date.now() + 29_000);
    await expect(supervisor.ready()).rejects.toMatchObject(refused(1000));
    expect(started).toHaveLength(3);
    vi.setSystemTime(Date.now() + 1000);
    expect(await supervisor.ready()).toMatchObject({ device: "wasm" });
    const states = events.flatMap((event) => ("state" in event ? event.state : []));
    expect(states).toEqual(["open", "half-open", "closed"]);
  });

  it("goes on with one thread after threads that failed, says so, and stays with one", async () => {
    const { supervisor, started, events } = open({
      device: "wasm",
      api: [failLoad(startFailed("threads", "error"))],
    });
    vi.stubGlobal("crossOriginIsolated", true);
    const { device, fallback } = await supervisor.ready();
    expect({ device, fallback }).toEqual({ device: "wasm", fallback: undefined });
    expect(started.map(threadsOf)).toEqual([undefined, 1]);
    expect(events).toEqual([
      { type: "threads-fallback", reason: "threads-failed", message: "Not started." },
    ]);
    started[1]!.crash();
    await supervisor.ready();
    expect(threadsOf(started[2]!)).toBe(1);
    expect(events).toHaveLength(2); // And that the worker was replaced.
  });

  it("goes on with one thread where threads say nothing, in time", async () => {
    const { supervisor, started, events } = open({ device: "wasm", api: [{ load: never }] });
    vi.stubGlobal("crossOriginIsolated", true);
    const loading = supervisor.ready();
    await vi.waitUntil(() => started[0]?.calls.length === 1);
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    started[0]!.tell({ type: "start", phase: "threads" });
    await vi.waitUntil(() => vi.getTimerCount() > 0);
    vi.advanceTimersByTime(START_LIMITS_MS.threads);
    expect(started[0]!.isTerminated).toBe(true);
    await loading;
    expect(threadsOf(started[1]!)).toBe(1);
    expect(events).toMatchObject([{ type: "threads-fallback", reason: "threads-stuck" }]);
  });

  it.each([
    ["the network is slow", startFailed("wasm", "timeout"), true],
    ["there are no threads to blame", startFailed("threads", "timeout"), false],
  ])("gives the error as it is where %s", async (_, error, isIsolated) => {
    const { supervisor, started } = open({ device: "wasm", api: [failLoad(error)] });
    vi.stubGlobal("crossOriginIsolated", isIsolated);
    await expect(supervisor.ready()).rejects.toMatchObject({ code: "start-failed" });
    expect(started).toHaveLength(1);
  });

  it("replaces a worker that does not answer, and no newer one", async () => {
    const { supervisor, started, events } = open();
    const { handle } = await supervisor.ready();
    const error = new VlmError("worker-crashed", "stuck", { phase: "generate" });
    supervisor.replace(handle, error);
    expect(started[0]!.isTerminated).toBe(true);
    const second = await supervisor.ready();
    supervisor.replace(handle, error);
    expect(await supervisor.ready()).toBe(second);
    expect(events).toEqual([{ type: "worker-restarted", reason: "unresponsive" }]);
  });

  it.each<[string, Partial<WorkerApi>]>([
    ["before it answers", { connect: never }],
    ["while it loads", { load: never }],
  ])("ends its worker when disposed of %s", async (when, api) => {
    const { supervisor, started } = open({ api: [api] });
    const loading = supervisor.ready();
    loading.catch(() => undefined);
    await vi.waitUntil(
      () => (when === "while it loads" ? started[0]?.calls.length : started.length) === 1,
    );
    const error = new Error("disposed");
    const disposing = supervisor.dispose(error);
    await expect(loading).rejects.toBe(error);
    await disposing;
    expect(started.map(({ isTerminated }) => isTerminated)).toEqual([true]);
    await expect(supervisor.ready()).rejects.toBe(error);
  });

  it("starts no worker when disposed of before", async () => {
    const { supervisor, started } = open();
    const loading = supervisor.ready();
    loading.catch(() => undefined);
    const error = new Error("disposed");
    await supervisor.dispose(error);
    await expect(loading).rejects.toBe(error);
    expect(started).toHaveLength(0);
  });

  it("ends a loaded worker when disposed of, once", async () => {
    const { supervisor, started } = open();
    const { handle } = await supervisor.ready();
    const error = new Error("disposed");
    await Promise.all([supervisor.dispose(error), supervisor.dispose(new Error("again"))]);
    expect(started[0]!.isTerminated).toBe(true);
    await expect(handle.clearCache({ storage: toStorageOptions() }, "all")).rejects.toBe(error);
  });
});

describe("Supervisor after a page that ended without a word", () => {
  /** Pages end while they load the model on these devices. Returns the marks of the next visit. */
  function crashOn(browser: FakeBrowser, ...crashes: (readonly [Device, string])[]): CrashMarks {
    for (const [device, variant] of crashes) {
      const page = browser.openPage();
      page.marks.mark({ model: fastvlm05b().id, device, variant, step: "load" }).begin();
      page.crash();
    }
    return browser.openPage().marks;
  }

  it.each(["auto", "webgpu"] as const)("takes the next device, for %s", async (device) => {
    const crashMarks = crashOn(new FakeBrowser(), ["webgpu", "q4f16"]);
    const { supervisor, events } = open({ device, crashMarks });
    const ready = await supervisor.ready();
    expect(ready).toMatchObject({
      device: "wasm",
      fallback: { device: "webgpu", reason: "page-crashed", to: "wasm" },
    });
    expect(events).toEqual([{ type: "device-fallback", fallback: ready.fallback }]);
  });

  it("takes WASM again where no other device is left, rather than none", async () => {
    const crashes = [["webgpu", "q4f16"] as const, ["wasm", "int8"] as const];
    const crashMarks = crashOn(new FakeBrowser(), ...crashes);
    const { supervisor } = open({ crashMarks });
    expect(await supervisor.ready()).toMatchObject({
      device: "wasm",
      fallback: { device: "webgpu", reason: "page-crashed" },
    });
  });

  it("takes other files for a device that is the only one", async () => {
    const all = fastvlm05b();
    const model = { ...all, variants: all.variants.filter(({ device }) => device === "webgpu") };
    const crashMarks = crashOn(new FakeBrowser(), ["webgpu", "q4f16"]);
    const { supervisor } = open({ model, device: "webgpu", crashMarks });
    expect(await supervisor.ready()).toMatchObject({
      device: "webgpu",
      model: { variant: "q4" },
      fallback: { device: "webgpu", reason: "page-crashed", to: "webgpu" },
    });
  });

  it("marks a load from the moment that the engine starts until the model is loaded", async () => {
    const browser = new FakeBrowser();
    let finish = (): void => undefined;
    const load: WorkerApi["load"] = ({ model, variant }) =>
      new Promise((resolve) => {
        finish = () => {
          const info = { id: model.id, revision: model.revision, variant: variant.id };
          const report = { model: info, device: variant.device };
          resolve({
            ok: true,
            value: { ...report, isPersisted: true, shouldAskToPersist: false },
          });
        };
      });
    const { supervisor, started } = open({ api: [{ load }], crashMarks: browser.openPage().marks });
    const ready = supervisor.ready();
    await vi.waitUntil(() => started[0]?.calls.some(([name]) => name === "load"));
    started[0]!.tell({ type: "start", phase: "script" });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(browser.texts.size).toBe(0);
    started[0]!.tell({ type: "start", phase: "wasm" });
    await vi.waitUntil(() => browser.texts.size === 1);
    finish();
    await ready;
    expect(browser.texts.size).toBe(0);
  });
});
