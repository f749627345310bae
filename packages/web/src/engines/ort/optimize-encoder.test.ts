import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import { createFakeRuntime, fakeFeatures } from "../../../test/fake-runtime.ts";
import type { GraphFile } from "./graph-file.ts";
import type { OrtRuntime } from "./onnx-runtime.ts";
import { canOptimize, optimizeEncoder, type EncoderStore } from "./optimize-encoder.ts";

const PATH = fileURLToPath(
  new URL("../../../../tiny/model/onnx/vision_encoder.onnx", import.meta.url),
);
const ENCODER = existsSync(PATH) ? new Uint8Array(readFileSync(PATH)) : new Uint8Array(0);

const fileOf = (bytes: Uint8Array): GraphFile => ({
  ...sourceOfBytes(bytes),
  close: () => undefined,
});

/** An encoder whose features are these before the other one is tried, and those while it runs. */
function create(before: readonly number[], after: readonly number[]) {
  const log: string[] = [];
  let values = before;
  const runtime: OrtRuntime = {
    ...createFakeRuntime([1]),
    decoderForm: "rewritten",
    reloadDecoder: () => Promise.resolve(),
    encodeImage: () =>
      Promise.resolve({
        ...fakeFeatures(1),
        values: Float32Array.from(values),
      }),
    tryEncoder: () => {
      log.push("try");
      values = after;
      return Promise.resolve({
        keep: () => Promise.resolve(void log.push("keep")),
        undo: () => Promise.resolve(void log.push("undo")),
      });
    },
  };
  let written = 0;
  const store: EncoderStore = {
    open: () => Promise.resolve(written > 0 ? fileOf(new Uint8Array(1)) : undefined),
    write: (bytes, pieces) => {
      for (const piece of pieces) written += piece.byteLength;
      log.push(written === bytes ? "write" : "write wrongly");
      return Promise.resolve();
    },
    refuse: () => Promise.resolve(void log.push("refuse")),
  };
  const likeness: number[] = [];
  const optimize = (change: Partial<Parameters<typeof optimizeEncoder>[0]> = {}) =>
    optimizeEncoder({
      runtime,
      store,
      openSource: () => Promise.resolve(fileOf(ENCODER)),
      isAlways: true,
      onCompared: (one) => likeness.push(one),
      ...change,
    });
  return { log, likeness, optimize, runtime, store };
}

describe("an encoder that was written again", () => {
  it("is kept where it sees the same", async () => {
    const { log, likeness, optimize } = create([1, 2, 3], [1, 2, 3.1]);
    expect(await optimize()).toBe(true);
    expect(log).toEqual(["write", "try", "keep"]);
    expect(likeness[0]).toBeGreaterThan(0.99);
  });

  it.each([
    ["something else", [3, 2, -1]],
    ["nothing", [0, 0, 0]],
    ["what is no number", [1, NaN, 3]],
  ])("is given up for good where it sees %s", async (_, after) => {
    const { log, optimize } = create([1, 2, 3], after);
    expect(await optimize()).toBe(false);
    expect(log).toEqual(["write", "try", "undo", "refuse"]);
  });

  it("is given up for now where there is no room or no memory for it", async () => {
    const full = create([1], [1]);
    const write = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
    expect(await full.optimize({ store: { ...full.store, write } })).toBe(false);
    expect(full.log).toEqual([]);

    const small = create([1], [1]);
    const tryEncoder = () => Promise.reject(new RangeError("memory"));
    expect(await small.optimize({ runtime: { ...small.runtime, tryEncoder } })).toBe(false);
    expect(small.log).toEqual(["write"]);
  });
});

it("tells which encoders can be written again", () => {
  expect(canOptimize(fileOf(ENCODER), true)).toBe(true);
  expect(canOptimize(fileOf(ENCODER), false)).toBe(false);
  expect(canOptimize(fileOf(ENCODER.slice(0, 1000)), true)).toBe(false);
  expect(canOptimize(fileOf(Uint8Array.of(1, 2, 3)), true)).toBe(false);
});
