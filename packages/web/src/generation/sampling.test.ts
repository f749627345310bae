import { describe, expect, it } from "vitest";
import { predictionOf } from "../../test/fake-runtime.ts";
import type { GenerationOptions } from "../protocol/options.ts";
import { resolveGenerationOptions } from "../schema/generation-options.ts";
import type { Prediction } from "../engines/runtime.ts";
import { argmax, createSampler, type Sampler } from "./sampling.ts";

const NOTHING_BEFORE: ReadonlySet<number> = new Set();

function draw(
  logits: readonly number[],
  options: GenerationOptions,
  count: number,
  previous = NOTHING_BEFORE,
) {
  const sampler = createSampler(resolveGenerationOptions(options), 0);
  const scores = Float32Array.from(logits);
  return take(sampler, predictionOf(scores), count, previous);
}

async function take(
  sampler: Sampler,
  prediction: Prediction,
  count: number,
  previous = NOTHING_BEFORE,
): Promise<number[]> {
  const ids: number[] = [];
  while (ids.length < count) ids.push((await sampler.next(prediction, previous)).id);
  return ids;
}

/** Pearson's chi-square of `ids` against the expected share of each id. */
function chiSquare(ids: readonly number[], shares: readonly number[]): number {
  return shares.reduce((sum, share, id) => {
    const expected = share * ids.length;
    return sum + (ids.filter((one) => one === id).length - expected) ** 2 / expected;
  }, 0);
}

function softmax(logits: readonly number[], temperature = 1): number[] {
  const weights = logits.map((logit) => Math.exp(logit / temperature));
  return weights.map((weight) => weight / weights.reduce((sum, one) => sum + one, 0));
}

describe("argmax", () => {
  it("takes the first of equals", () => {
    expect(argmax(Float32Array.of(1, 3, 3, 2))).toBe(1);
    expect(argmax(Float32Array.of(-2, -1, -1))).toBe(1);
  });

  it("never takes NaN", () => {
    expect(argmax(Float32Array.of(NaN, -5, NaN))).toBe(1);
  });
});

describe("createSampler", () => {
  const LOGITS = [2, 1, 0, -1];

  it("is greedy at temperature 0, whatever the seed and the other filters", async () => {
    expect(await draw([0, 1, 1], { seed: 1 }, 20)).toEqual(Array(20).fill(1));
    expect(await draw([0, 1, 1], { seed: 2, topK: 3, topP: 0.1 }, 20)).toEqual(Array(20).fill(1));
  });

  it("reads all logits only where it needs them", async () => {
    const never = (): Promise<never> => Promise.reject(new Error("not needed"));
    const read = predictionOf(Float32Array.of(1, 2));
    const greedy = createSampler(resolveGenerationOptions({}), 0);
    const likeliest = await greedy.next({ ...read, readLogits: never }, NOTHING_BEFORE);
    expect(likeliest.id).toBe(1);
    const careful = createSampler(resolveGenerationOptions({ repetitionPenalty: 4 }), 0);
    const other = await careful.next({ ...read, readLikeliest: never }, new Set([1]));
    expect(other.id).toBe(0);
  });

  it("repeats itself with the same seed and not with another", async () => {
    const first = await draw(LOGITS, { temperature: 1, seed: 7 }, 50);
    expect(await draw(LOGITS, { temperature: 1, seed: 7 }, 50)).toEqual(first);
    expect(await draw(LOGITS, { temperature: 1, seed: 8 }, 50)).not.toEqual(first);
  });

  it("tells seeds apart that differ above 32 bits only", async () => {
    const options = { temperature: 1, seed: 5 };
    expect(await draw(LOGITS, { ...options, seed: 5 + 2 ** 32 }, 50)).not.toEqual(
      await draw(LOGITS, options, 50),
    );
  });

  it("uses the fallback seed where the options have none", async () => {
    const options = resolveGenerationOptions({ temperature: 1 });
    const takeWith = (seed: number): Promise<number[]> =>
      take(createSampler(options, seed), predictionOf(Float32Array.from(LOGITS)), 50);
    expect(await takeWith(1)).toEqual(await takeWith(1));
    expect(await takeWith(1)).not.toEqual(await takeWith(2));
  });

  it.each([0.5, 1, 2])("draws from the softmax at temperature %d", async (temperature) => {
    const ids = await draw(LOGITS, { temperature, seed: 3 }, 20_000);
    expect(chiSquare(ids, softmax(LOGITS, temperature))).toBeLessThan(16.3); // p = 0.001 at 3 degrees
  });

  it("draws from the top k only, in their proportion", async () => {
    const ids = await draw([0, 2, 1, -1], { temperature: 1, topK: 2, seed: 3 }, 10_000);
    expect(new Set(ids)).toEqual(new Set([1, 2]));
    const shares = softmax([2, 1]);
    expect(
      chiSquare(
        ids.map((id) => id - 1),
        shares,
      ),
    ).toBeLessThan(10.8); // p = 0.001 at 1 degree
  });

  it("keeps the lower ids where equals straddle the k-th place", async () => {
    const ids = await draw([1, 1, 1, 1], { temperature: 1, topK: 2, seed: 3 }, 200);
    expect(new Set(ids)).toEqual(new Set([0, 1]));
  });

  it.each([
    [0.3, [0]],
    [0.6, [0]],
    [0.65, [0, 1]],
    [0.85, [0, 1]],
    [0.9, [0, 1, 2]],
    [1, [0, 1, 2, 3]],
  ])("keeps the smallest set that holds a mass of %d", async (topP, kept) => {
    // Softmax of LOGITS: 0.64, 0.24, 0.09, 0.03.
    expect(new Set(await draw(LOGITS, { temperature: 1, topP, seed: 3 }, 2000))).toEqual(
      new Set(kept),
    );
  });

  it("measures the nucleus after temperature", async () => {
    const ids = await draw(LOGITS, { temperature: 10, topP: 0.65, seed: 3 }, 2000);
    expect(new Set(ids)).toEqual(new Set([0, 1, 2]));
  });

  it("survives logits too large for exp", async () => {
    expect(await draw([5000, 4000], { temperature: 1, seed: 3 }, 20)).toEqual(Array(20).fill(0));
  });

  it("lowers both positive and negative scores of tokens that occurred", async () => {
    expect(await draw([2, 1.5], { repetitionPenalty: 2 }, 1, new Set([0]))).toEqual([1]);
    expect(await draw([-2, -2.5], { repetitionPenalty: 2 }, 1, new Set([0]))).toEqual([1]);
    expect(await draw([2, 1.5], { repetitionPenalty: 1.2 }, 1, new Set([0]))).toEqual([0]);
  });

  it("leaves the caller's logits alone and ignores ids outside the vocabulary", async () => {
    const logits = Float32Array.of(2, 1);
    const sampler = createSampler(resolveGenerationOptions({ repetitionPenalty: 4 }), 0);
    const { id } = await sampler.next(predictionOf(logits), new Set([0, 99]));
    expect(id).toBe(1);
    expect(logits).toEqual(Float32Array.of(2, 1));
  });
});
