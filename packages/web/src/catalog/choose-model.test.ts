import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseModel, type ModelChoice } from "./choose-model.ts";
import { fastvlm05b } from "./fastvlm-05b.ts";

const MODEL = fastvlm05b();

const choicesOf = (...shares: number[]): ModelChoice[] =>
  shares.map((share, index) => ({ name: String(index), model: MODEL, share }));

const indexFor = (key: string, shares: readonly number[]): number =>
  Number(chooseModel(key, choicesOf(...shares)).cohort);

const KEYS = Array.from({ length: 100_000 }, (_, id) => `user-${String(id)}`);

/** Pearson's statistic of what `KEYS` get, beside what their shares promise. */
function chiSquare(shares: readonly number[]): number {
  const choices = choicesOf(...shares);
  const counts = shares.map(() => 0);
  for (const key of KEYS) counts[Number(chooseModel(key, choices).cohort)]!++;
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.reduce((statistic, share, index) => {
    const expected = (KEYS.length * share) / sum;
    return statistic + (counts[index]! - expected) ** 2 / expected;
  }, 0);
}

describe("chooseModel", () => {
  it("gives the chosen model, and names the choice", () => {
    const other = fastvlm05b({ revision: "next" });
    const choices = [
      { name: "old", model: MODEL, share: 0 },
      { name: "new", model: other, share: 0.1 },
    ];
    expect(chooseModel("anyone", choices)).toEqual({ ...other, cohort: "new" });
    expect(other.cohort).toBeUndefined();
  });

  it("chooses in proportion to the shares", () => {
    // The 0.999 quantiles of chi-square with 9, 2 and 1 degrees of freedom.
    expect(chiSquare([1, 1, 1, 1, 1, 1, 1, 1, 1, 1])).toBeLessThan(27.88);
    expect(chiSquare([50, 30, 20])).toBeLessThan(13.82);
    expect(chiSquare([0.99, 0.01])).toBeLessThan(10.83);
  });

  it("never chooses what has no share", () => {
    for (const key of KEYS.slice(0, 1000)) expect(indexFor(key, [0, 1, 0, 2, 0]) % 2).toBe(1);
  });

  it.each([
    // Thousandths of 2³², by another implementation of the hash, in Python.
    ["anna@example.org", 5],
    ["a", 234],
    ["🐈", 429],
    ["東京", 588],
    ["8f14e45f-ceea-467f-a8a1-1d5f2b8ce0a1", 722],
    ["user-2", 869],
    ["user-1", 971],
  ])("gives %s the same choice on every machine and in every release", (key, thousandths) => {
    expect(indexFor(key, [thousandths, 1, 999 - thousandths])).toBe(1);
  });

  it("moves keys only along the list, towards the share that is raised, and not past it", () => {
    const shares = fc.array(fc.nat({ max: 100 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(
        shares.filter((given) => given.some((share) => share > 0)),
        fc.nat(),
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.string({ minLength: 1 }), { minLength: 20, maxLength: 20 }),
        (before, choice, more, keys) => {
          const raised = choice % before.length;
          const after = before.with(raised, before[raised]! + more);
          for (const key of keys) {
            const [from, to] = [indexFor(key, before), indexFor(key, after)];
            expect(to).toBeGreaterThanOrEqual(Math.min(from, raised));
            expect(to).toBeLessThanOrEqual(Math.max(from, raised));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("takes keys only from the neighbour whose share pays for it", () => {
    const moved = KEYS.slice(0, 20_000).filter((key) => {
      const [from, to] = [indexFor(key, [50, 30, 20]), indexFor(key, [50, 35, 15])];
      if (from !== to) expect([from, to]).toEqual([2, 1]);
      return from !== to;
    });
    expect(moved.length / 20_000).toBeCloseTo(0.05, 2);
  });

  it.each([
    ["an empty list", "key", [], "at least one model"],
    ["an empty key", "", choicesOf(1), "`key`"],
    ["a key that is no text", 7, choicesOf(1), "`key`"],
    ["a negative share", "key", choicesOf(2, -1), "got `-1`"],
    ["NaN", "key", choicesOf(1, NaN), "got `NaN`"],
    ["an infinite share", "key", choicesOf(1, Infinity), "got `Infinity`"],
    ["shares without a sum", "key", choicesOf(0, 0), "above 0"],
    ["a name twice", "key", [...choicesOf(1), ...choicesOf(1)], "one choice named `0`"],
    ["no name", "key", [{ name: "", model: MODEL, share: 1 }], "`choices.0.name`"],
  ])("refuses %s", (_, key, choices, message) => {
    const choose = (): unknown => chooseModel(key as string, choices);
    expect(choose).toThrow(TypeError);
    expect(choose).toThrow(message);
  });
});
