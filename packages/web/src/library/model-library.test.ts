import { afterEach, describe, expect, it, vi } from "vitest";
import { asWorker, FakeWorker, never } from "../../test/fake-worker.ts";
import type { WorkerApi } from "../wire/worker-api.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { createModelLibrary } from "./model-library.ts";

const model = fastvlm05b({ acceptLicense: "apple-amlr" });

const workers: FakeWorker[] = [];

afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
  vi.unstubAllGlobals();
});

/** @param api what the workers do, one after the other */
function open(...api: Partial<WorkerApi>[]) {
  return createModelLibrary({
    worker: () => {
      const worker = new FakeWorker(api[workers.length]);
      workers.push(worker);
      return asWorker(worker);
    },
  });
}

describe("createModelLibrary", () => {
  it("keeps one worker for what is quick, and gives each download one that ends with it", async () => {
    const library = open();
    await library.listModels();
    await library.prepareOffline(model, { device: "wasm" });
    await library.storageUsage();
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([false, true]);
    await library.dispose();
    expect(workers.map(({ isTerminated }) => isTerminated)).toEqual([true, true]);
  });

  it("loses no worker when another one dies while it downloads", async () => {
    const library = open({}, { prepareOffline: () => new Promise(() => undefined) });
    await library.listModels();
    const preparing = library.prepareOffline(model, { device: "wasm" });
    await expect.poll(() => workers.length).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    workers[1]!.crash();
    await expect(preparing).rejects.toMatchObject({ code: "worker-crashed" });
    await library.listModels();
    expect(workers).toHaveLength(2);
    await library.dispose();
    expect(workers[0]!.isTerminated).toBe(true);
  });

  it("starts another worker after one that could not start", async () => {
    const wrongVersion = { ok: true, value: { protocolVersion: -1, hasLock: false } } as const;
    const library = open({ connect: () => Promise.resolve(wrongVersion) });
    await expect(library.listModels()).rejects.toMatchObject({ code: "worker-crashed" });
    expect(await library.listModels()).toEqual([]);
  });

  it("does not wait for a user who was asked whether what is stored may stay", async () => {
    const persist = vi.fn(never);
    vi.stubGlobal("navigator", { storage: { persist } });
    const prepared = { ok: true, value: { shouldAskToPersist: true } } as const;
    const library = open({ prepareOffline: () => Promise.resolve(prepared) });
    const { isReady } = await library.prepareOffline(model, { device: "wasm" });
    expect(isReady).toBe(true);
    expect(persist).toHaveBeenCalledTimes(1);
    await library.dispose();
  });

  it("refuses calls once it is disposed of", async () => {
    const library = open();
    await library.dispose();
    await expect(library.listModels()).rejects.toMatchObject({ name: "InvalidStateError" });
  });
});
