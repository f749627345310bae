import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { chainModel } from "./thread-chain.ts";
import { timeThreads } from "./thread-speed.ts";

/** A clock that a runtime of so many multiplications a millisecond moves. */
function fakeRuntime({ threads = 1, handOverMs = 0, busyRounds = 0 }) {
  let time = 1000;
  let runs = 0;
  const run = (rows: number, side: number): Promise<void> => {
    runs += 1;
    const alone = (64 * rows * side * side) / 10e6;
    const isDivided = rows * side * side > 65_536;
    const isBusy = runs <= busyRounds * 3;
    time += 0.1 + (isDivided ? (isBusy ? 4 : 1 / threads) * alone + 64 * handOverMs : alone);
    return Promise.resolve();
  };
  return { run, now: () => time, runs: () => runs, spentMs: () => time - 1000 };
}

describe("timeThreads", () => {
  it("finds that two threads are twice as fast, and is done soon", async () => {
    const runtime = fakeRuntime({ threads: 2 });
    expect(await timeThreads(runtime.run, runtime.now)).toBeCloseTo(2, 1);
    expect(runtime.spentMs()).toBeLessThan(50);
  });

  it("finds that threads which hand over slowly are slower than one", async () => {
    const runtime = fakeRuntime({ threads: 2, handOverMs: 0.04 });
    expect(await timeThreads(runtime.run, runtime.now)).toBeCloseTo(0.75, 1);
    expect(runtime.spentMs()).toBeLessThan(150);
  });

  it("is content with one run of threads that take a second for it", async () => {
    const runtime = fakeRuntime({ threads: 2, handOverMs: 15 });
    expect(await timeThreads(runtime.run, runtime.now)).toBeLessThan(0.01);
    expect(runtime.runs()).toBe(3);
  });

  it("takes one thread for what it is", async () => {
    const runtime = fakeRuntime({ threads: 1 });
    expect(await timeThreads(runtime.run, runtime.now)).toBeCloseTo(1, 2);
  });

  it("looks past some runs in which the machine was busy with something else", async () => {
    const runtime = fakeRuntime({ threads: 2, busyRounds: 7 });
    expect(await timeThreads(runtime.run, runtime.now)).toBeCloseTo(2, 1);
  });

  it("counts nothing below the step of a browser's clock", async () => {
    expect(
      await timeThreads(
        () => Promise.resolve(),
        () => 5,
      ),
    ).toBe(0);
  });
});

describe("chainModel", () => {
  it("is a model that onnxruntime runs, of any size", async () => {
    const session = await ort.InferenceSession.create(chainModel());
    const x = new ort.Tensor("float32", [1, 2], [1, 2]);
    const w = new ort.Tensor("float32", [0, 1, 1, 0], [2, 2]); // Exchanges the two, 64 times.
    const { y } = await session.run({ x, w });
    expect([...(y!.data as Float32Array)]).toEqual([1, 2]);
    await session.release();
  });
});
