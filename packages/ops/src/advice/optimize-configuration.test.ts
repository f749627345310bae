import { describe, expect, it } from "vitest";
import { createSeriesSet } from "../series/series-set.ts";
import type { Point, Series } from "../series/series.ts";
import { optimizeConfiguration } from "./optimize-configuration.ts";
import { applySuggestions, type PageFacts, type Suggestion } from "./suggestion.ts";

const FACTS: PageFacts = { isIsolated: true, cores: 8 };

type Measured = readonly [times: number, name: string, value: number, more?: Partial<Point>];

function measured(...points: readonly Measured[]): { readonly totals: readonly Series[] } {
  const set = createSeriesSet();
  for (const [times, name, value, more] of points) {
    const unit = name.endsWith(".duration") ? "s" : "1";
    for (let n = 0; n < times; n++) set.add({ name, unit, value, attributes: {}, ...more }, 0);
  }
  return { totals: set.list() };
}

const call = (times: number, device: "webgpu" | "wasm", seconds: number): Measured => [
  times,
  "vlm.call.duration",
  seconds,
  { attributes: { "vlm.device": device, "vlm.cached": false } },
];

const advise = (facts: PageFacts, ...points: readonly Measured[]): readonly Suggestion[] =>
  optimizeConfiguration(measured(...points), facts);

describe("optimizeConfiguration", () => {
  it("says nothing where nothing was measured, or all is well", () => {
    expect(advise(FACTS)).toEqual([]);
    expect(
      advise(FACTS, call(50, "webgpu", 0.3), [50, "vlm.vision.duration", 0.2], [9, "vlm.calls", 1]),
    ).toEqual([]);
  });

  it("takes the device that answers faster here", () => {
    const [found] = advise(FACTS, call(10, "webgpu", 0.9), call(10, "wasm", 0.4));
    expect(found).toMatchObject({ setting: "device", options: { device: "wasm" } });
    expect(found!.reason).toContain("900 ms on the GPU and 400 ms on the CPU");
    expect(advise(FACTS, call(10, "webgpu", 0.3), call(10, "wasm", 0.4))).toEqual([]);
    expect(advise(FACTS, call(3, "webgpu", 0.9), call(3, "wasm", 0.4))).toEqual([]);
  });

  it("leaves out an attempt on WebGPU that fails at every load", () => {
    const attributes = { "vlm.from": "webgpu", "vlm.reason": "device-check-failed" };
    const fallbacks: Measured = [4, "vlm.backend.fallback", 1, { attributes }];
    const found = advise(FACTS, [4, "vlm.model.load.duration", 2], fallbacks);
    expect(found).toMatchObject([{ setting: "device", options: { device: "wasm" } }]);
    expect(advise(FACTS, [40, "vlm.model.load.duration", 2], fallbacks)).toEqual([]);
  });

  it("asks for threads where there could be some, and for none where they do not start", () => {
    const alone = { isIsolated: false, cores: 4 };
    const [found] = advise(alone, call(10, "wasm", 0.4));
    expect(found).toMatchObject({ setting: "threads" });
    expect(found!.reason).toContain("COOP");
    expect(found!.options).toBeUndefined(); // No option of the kit can do it.
    expect(advise(FACTS, [2, "vlm.threads.fallback", 1])).toMatchObject([
      { setting: "threads", options: { wasmThreads: 1 } },
    ]);
  });

  it("asks for fewer pixels where the encoder takes most of a long time", () => {
    const slow = [call(20, "wasm", 3), [20, "vlm.vision.duration", 2.4]] as const;
    expect(advise(FACTS, ...slow)).toMatchObject([
      { setting: "detail", callOptions: { detail: "auto", targetLatencyMs: 500 } },
    ]);
    expect(advise(FACTS, call(20, "wasm", 3), [20, "vlm.vision.duration", 0.4])).toEqual([]);
  });

  it("gives a cache up that answers nothing, and more room to models that are evicted", () => {
    const quota: Measured = [1, "vlm.storage.quota", 10e9, { unit: "By" }];
    expect(advise(FACTS, [300, "vlm.result_cache.misses", 1])).toMatchObject([
      { options: { cache: { maxResultBytes: 0 } } },
    ]);
    expect(
      advise(FACTS, [300, "vlm.result_cache.misses", 1], [30, "vlm.result_cache.hits", 1]),
    ).toEqual([]);
    expect(advise(FACTS, [2, "vlm.model.cache.evictions", 1], quota)).toMatchObject([
      { options: { cache: { maxModelBytes: 5e9 } } },
    ]);
  });

  it("limits a queue in which calls wait for long", () => {
    const waits: Measured = [50, "vlm.queue.wait.duration", 15];
    expect(advise(FACTS, waits, call(50, "wasm", 0.45))).toMatchObject([
      { setting: "workers", options: { maxQueue: 22 } },
    ]);
  });

  it("asks for a second worker only where a core is idle", () => {
    const slow = [[50, "vlm.queue.wait.duration", 15], call(50, "wasm", 0.45)] as const;
    const suggested = (facts: PageFacts, ...more: readonly Measured[]) =>
      advise(facts, ...slow, ...more).find(({ setting }) => setting === "workers")?.options;
    const plain = { isIsolated: false, cores: 4 };
    expect(suggested(plain)).toEqual({ pool: { max: 2 } });
    expect(suggested({ ...plain, cores: 1 })).toEqual({ maxQueue: 22 });
    expect(suggested(plain, [1, "vlm.pool.workers", 2])).toEqual({ maxQueue: 22 });
  });

  it("lets the worker of a large page go while it is idle", () => {
    const memory: Measured = [1, "vlm.page.memory", 1.6e9, { unit: "By" }];
    expect(advise(FACTS, memory)).toMatchObject([{ options: { unloadAfterMs: 300_000 } }]);
  });
});

it("applies suggestions, and puts those for the cache together with the app's own", () => {
  const suggestions: Suggestion[] = [
    { setting: "cache", reason: "", options: { cache: { maxResultBytes: 0 } } },
    { setting: "cache", reason: "", options: { cache: { maxModelBytes: 5 } } },
    { setting: "device", reason: "", options: { device: "wasm" } },
    { setting: "detail", reason: "", callOptions: { detail: "auto" } },
    { setting: "threads", reason: "" },
  ];
  expect(applySuggestions({ device: "auto", cache: { name: "mine" } }, suggestions)).toEqual({
    options: { device: "wasm", cache: { name: "mine", maxResultBytes: 0, maxModelBytes: 5 } },
    callOptions: { detail: "auto" },
  });
  const mine = { maxQueue: 3 };
  expect(applySuggestions(mine, [])).toEqual({ options: mine, callOptions: {} });
});
