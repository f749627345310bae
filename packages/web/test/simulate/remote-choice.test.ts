import { expect, it } from "vitest";
import { createRandom } from "../random.ts";
import { atRandom, betterOfTwo, simulateRemote, type Choose } from "./remote-choice.ts";

/** So many of 100 calls have an answer after this time, in milliseconds. */
function answeredAfter(
  share: number,
  choose: (random: () => number) => Choose,
  hedgeAfterMs?: number,
) {
  const random = createRandom(3);
  const times = simulateRemote({ choose: choose(random), hedgeAfterMs }, random);
  return times[Math.floor((share / 100) * times.length)]!;
}

it("the better of two nodes avoids one that is slow for a while", () => {
  expect(answeredAfter(95, atRandom)).toBeGreaterThan(2_000);
  expect(answeredAfter(95, betterOfTwo)).toBeLessThan(400);
});

it("hedging hides no slow node from the choice", () => {
  expect(answeredAfter(95, atRandom, 1_000)).toBeGreaterThan(1_200);
  expect(answeredAfter(95, betterOfTwo, 1_000)).toBeLessThan(400);
});
