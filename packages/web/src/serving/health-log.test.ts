import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { VlmEvent } from "../protocol/result.ts";
import { HealthLog } from "./health-log.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1000 });
});

afterEach(() => {
  vi.useRealTimers();
});

it("remembers since when something is worse, until it is well again", () => {
  const log = new HealthLog();
  const circuit = (state: "open" | "half-open" | "closed"): VlmEvent => ({
    type: "circuit-changed",
    device: "wasm",
    state,
    reason: "out-of-memory",
    retryAfterMs: undefined,
  });
  log.noteEvent(circuit("open"));
  vi.setSystemTime(5000);
  log.noteEvent(circuit("half-open"));
  expect(log.conditionOf("wasm")).toMatchObject({
    since: 1000,
    output: expect.stringContaining("out-of-memory") as string,
  });
  expect(log.conditionOf("webgpu")).toBeUndefined();
  log.noteEvent(circuit("closed"));
  expect(log.conditionOf("wasm")).toBeUndefined();
  log.noteEvent(circuit("open"));
  expect(log.conditionOf("wasm")?.since).toBe(5000);
});

it("notes what events say, and takes no other event for it", () => {
  const log = new HealthLog();
  const fallback = {
    device: "webgpu",
    reason: "no-adapter",
    message: "None.",
    to: "wasm",
  } as const;
  log.noteEvent({ type: "worker-restarted", reason: "worker-crashed" });
  log.noteEvent({ type: "device-fallback", fallback });
  log.noteEvent({ type: "storage-degraded", reason: "No IndexedDB." });
  log.noteEvent({ type: "memory-pressure", usedBytes: 2, limitBytes: 1 });
  const names = ["fallback", "storage", "memory", "threads", "decoder"] as const;
  expect(names.map((name) => log.conditionOf(name)?.output)).toEqual([
    "None.",
    "No IndexedDB.",
    expect.stringContaining("maxMemoryBytes"),
    undefined,
    undefined,
  ]);
  log.clear("fallback");
  expect(log.conditionOf("fallback")).toBeUndefined();
});
