import { describe, expect, it } from "vitest";
import { createFakeRuntime, fakeFeatures } from "../../test/fake-runtime.ts";
import type { CheckableRuntime } from "../engines/checkable-runtime.ts";
import type { EncoderOptimizer } from "../engines/encoder-optimizer.ts";
import type { GraphFile } from "../engines/graph-file.ts";
import { VlmError } from "../protocol/errors.ts";
import { optimizeEncoder, type EncoderStore } from "./optimize-encoder.ts";
import { FASTVLM_IMAGES } from "../families/fastvlm/images.ts";
import { drawCheckImage } from "../generation/check-image.ts";

/** A file of one byte. */
const FILE: GraphFile = { size: 1, read: () => Uint8Array.of(1), close: () => undefined };

/** Writes two bytes, whatever the source. */
const optimizer: EncoderOptimizer = {
  kind: "test-1",
  label: "test",
  plan: () => ({ bytes: 2, write: () => [Uint8Array.of(1), Uint8Array.of(2)] }),
};

/** An encoder whose features are these before the other one is tried, and those while it runs. */
function create(before: readonly number[], after: readonly number[]) {
  const log: string[] = [];
  let values = before;
  const runtime: CheckableRuntime = {
    ...createFakeRuntime([1]),
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
    open: () => Promise.resolve(written > 0 ? FILE : undefined),
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
      optimizer,
      openSource: () => Promise.resolve(FILE),
      isAlways: true,
      image: drawCheckImage(64, FASTVLM_IMAGES.range),
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

  it("is given up for now where the engine refuses it, or exchanges no encoder", async () => {
    const refused = create([1], [1]);
    const failure = new VlmError("session-failed", "Refused.", {
      device: "wasm",
      stage: "create",
      graph: "vision",
    });
    const tryEncoder = () => Promise.reject(failure);
    expect(await refused.optimize({ runtime: { ...refused.runtime, tryEncoder } })).toBe(false);

    const fixed = create([1], [1]);
    const runtime = createFakeRuntime([1]);
    expect(await fixed.optimize({ runtime })).toBe(false);
  });

  it("hides no mistake of the kit's", async () => {
    const { log, optimize } = create([1], [1]);
    const mistaken: EncoderOptimizer = {
      ...optimizer,
      plan: () => {
        throw new TypeError("A mistake");
      },
    };
    await expect(optimize({ optimizer: mistaken })).rejects.toThrow(new TypeError("A mistake"));
    expect(log).toEqual([]);
  });
});
