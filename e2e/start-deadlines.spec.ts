/** A server that never answers: every start ends in time, with the reason. The page's clock runs faster for it. */

import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { expect, test } from "./fixtures.ts";

interface Silence {
  /** A part of the address of what never arrives. */
  readonly path: string;
  readonly start: "load" | "shared" | "pool" | "prepare" | "list";
  readonly details: Readonly<Record<string, string>>;
  /** The deadline, in seconds. */
  readonly seconds: number;
  /** How much arrives before. */
  readonly afterBytes?: number;
  readonly isQuick?: true;
}

const SILENCES: Readonly<Record<string, Silence>> = {
  "the worker's script": {
    path: "vlm.worker",
    start: "load",
    details: { phase: "script", reason: "script-unreachable" },
    seconds: 30,
    isQuick: true,
  },
  "the worker's script, for a list of models": {
    path: "vlm.worker",
    start: "list",
    details: { phase: "script", reason: "script-unreachable" },
    seconds: 30,
  },
  "the worker's script, for tabs that share it": {
    path: "vlm.worker",
    start: "shared",
    details: { phase: "script", reason: "script-unreachable" },
    seconds: 30,
  },
  "the first script that the worker imports": {
    path: "assets/serve-",
    start: "load",
    details: { phase: "script", reason: "script-unreachable" },
    seconds: 30,
  },
  "the script that runs a model": {
    path: "loaded-model-",
    start: "load",
    details: { phase: "script", reason: "timeout" },
    seconds: 120,
  },
  "the script of the runtime": {
    path: "ort.wasm",
    start: "load",
    details: { phase: "script", reason: "timeout" },
    seconds: 120,
  },
  "the script that shares a worker": {
    path: "share-between-tabs",
    start: "shared",
    details: { phase: "script", reason: "timeout" },
    seconds: 120,
    isQuick: true,
  },
  "the script of the pool": {
    path: "worker-pool",
    start: "pool",
    details: { phase: "script", reason: "timeout" },
    seconds: 120,
  },
  "the WebAssembly": {
    path: "threaded",
    start: "load",
    details: { phase: "wasm", reason: "wasm-unreachable" },
    seconds: 30,
    isQuick: true,
  },
  "the rest of the WebAssembly": {
    path: "threaded",
    start: "load",
    details: { phase: "wasm", reason: "wasm-unreachable" },
    seconds: 30,
    afterBytes: 1_000_000,
  },
  "the WebAssembly, for offline use": {
    path: "threaded",
    start: "prepare",
    details: { phase: "wasm", reason: "wasm-unreachable" },
    seconds: 30,
  },
};

for (const [what, silence] of Object.entries(SILENCES)) {
  const { path, start, details, seconds, isQuick = false, afterBytes } = silence;
  test(
    `${what} never arrives: the start ends after ${String(seconds)} s`,
    { tag: isQuick ? [] : EXHAUSTIVE_TAG },
    async ({ kitPage, server }) => {
      server.faults.push({ path, kind: "stall", ...(afterBytes !== undefined && { afterBytes }) });
      await kitPage.clock.install();
      const outcome = kitPage.evaluate(async (start) => {
        const { failureOf, observe, observeShared, openLibrary, tinyModel } = window.kit;
        const starts: Record<typeof start, () => Promise<unknown>> = {
          load: () => observe({ device: "wasm" }),
          shared: () => observeShared({ device: "wasm" }, 1),
          pool: () => observe({ device: "wasm", pool: { min: 1, max: 2 } }),
          list: () => openLibrary().listModels(),
          prepare: () => openLibrary().prepareOffline(tinyModel(), { device: "wasm" }),
        };
        const error = await failureOf(starts[start]);
        document.documentElement.dataset["isOver"] = "true";
        return error;
      }, start);
      await expect.poll(() => server.requests.some((one) => one.includes(path))).toBe(true);
      const isOver = () => document.documentElement.dataset["isOver"] === "true";
      // Not before the deadline, as far as steps of the clock tell.
      for (let at = 0; at < seconds - 15; at += 5) await kitPage.clock.runFor(5000);
      expect(await kitPage.evaluate(isOver)).toBe(false);
      await expect(async () => {
        await kitPage.clock.runFor(5000);
        expect(await kitPage.evaluate(isOver)).toBe(true);
      }).toPass({ intervals: [2000], timeout: 60_000 });
      expect(await outcome).toMatchObject({ code: "start-failed", details });
    },
  );
}

test("a browser that looks for a GPU and never finds an end is not waited for", async ({
  kitPage,
}) => {
  await kitPage.clock.install();
  const outcome = kitPage.evaluate(async () => {
    Object.defineProperty(navigator, "gpu", {
      value: { requestAdapter: () => new Promise(() => undefined) },
    });
    document.documentElement.dataset["asks"] = "true";
    const { vlm, events } = await window.kit.observe();
    return { device: vlm.device, events };
  });
  await kitPage.waitForFunction(() => document.documentElement.dataset["asks"] === "true");
  await kitPage.clock.runFor(16_000);
  const { device, events } = await outcome;
  expect(device).toBe("wasm");
  expect(events).toContainEqual(
    expect.objectContaining({
      type: "device-fallback",
      fallback: expect.objectContaining({ reason: "no-adapter" }),
    }),
  );
});
