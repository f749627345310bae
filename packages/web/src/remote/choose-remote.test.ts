import { expect, it } from "vitest";
import { chooseRemote, type Rated } from "./choose-remote.ts";
import { createLatency } from "./latency.ts";

interface Named extends Rated {
  readonly name: string;
}

const node = (name: string, change: Partial<Rated> = {}): Named => ({
  name,
  weight: 1,
  outstanding: 0,
  latencyMs: 100,
  ...change,
});

/** Numbers that look random and are the same in each run (Park and Miller, 1988). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

function shares(nodes: readonly Named[]): Record<string, number> {
  const random = sequence(7);
  const counts: Record<string, number> = {};
  for (let call = 0; call < 3_000; call++) {
    const { name } = chooseRemote(nodes, random)!;
    counts[name] = (counts[name] ?? 0) + 1 / 3_000;
  }
  return counts;
}

/** All that were chosen at least once. */
const chosenOf = (nodes: readonly Named[]): string[] => Object.keys(shares(nodes));

it("spreads calls evenly over equal nodes", () => {
  for (const share of Object.values(shares([node("a"), node("b"), node("c")]))) {
    expect(share).toBeCloseTo(1 / 3, 1);
  }
});

it("prefers the faster of two, and the one with fewer calls", () => {
  expect(chosenOf([node("fast"), node("slow", { latencyMs: 400 })])).toEqual(["fast"]);
  expect(chosenOf([node("free"), node("busy", { outstanding: 3 })])).toEqual(["free"]);
});

it("gives a fast node more calls until it is as slow as the others", () => {
  const fast = node("fast", { latencyMs: 100, outstanding: 5 });
  expect(shares([fast, node("slow", { latencyMs: 400 })])).toHaveProperty("slow");
});

it("counts weights", () => {
  const heavy = node("heavy", { weight: 4, outstanding: 2 });
  expect(chosenOf([heavy, node("light", { outstanding: 1 })])).toEqual(["heavy"]);
});

it("tries a node that was never heard of, with one call until it answers", () => {
  expect(shares([node("new", { latencyMs: undefined }), node("known")])).toHaveProperty("new");
  const waiting = node("new", { latencyMs: undefined, outstanding: 1 });
  expect(chosenOf([waiting, node("known", { outstanding: 3 })])).toEqual(["known"]);
});

it("spares the best of many, so that not all pages go to it at once", () => {
  const many = [node("best", { latencyMs: 10 }), ...["b", "c", "d", "e"].map((name) => node(name))];
  // It wins each time that chance picks it among the two: 2 of 5.
  expect(shares(many)["best"]).toBeCloseTo(2 / 5, 1);
});

it("has no node to choose where there is none", () => {
  expect(chooseRemote<Rated>([])).toBeUndefined();
});

it("follows a slow answer at once, and forgets it slowly", () => {
  let now = 0;
  const latency = createLatency(() => now);
  expect(latency.read()).toBeUndefined();
  latency.note(100);
  latency.note(1_000);
  expect(latency.read()).toBe(1_000);
  now += 10_000;
  latency.note(100);
  expect(latency.read()).toBeCloseTo(100 + 900 / Math.E, 0);
  now += 100_000;
  expect(latency.read()).toBeLessThan(1);
});

it("counts a call without an answer as one that took at least so long", () => {
  const latency = createLatency(() => 0);
  // An app that gives up at once says nothing about the node.
  latency.noteUnanswered(20);
  expect(latency.read()).toBeUndefined();
  latency.noteUnanswered(1_500);
  expect(latency.read()).toBe(1_500);
  latency.noteUnanswered(900);
  expect(latency.read()).toBe(1_500);
});
