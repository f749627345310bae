import { describe, expect, it } from "vitest";
import { findLoop } from "./find-loop.ts";

const repeat = (ids: readonly number[], times: number): number[] =>
  Array.from({ length: times }, () => ids).flat();

describe("findLoop", () => {
  it.each([
    ["one token from the first on", repeat([7], 32), [7]],
    ["one token in the middle", [1, 2, 3, ...repeat([7], 12), 4, 5], [7]],
    ["two tokens in turn", [1, 2, ...repeat([7, 8], 12)], [7, 8]],
    [
      "a sentence that comes back for ever",
      repeat([1, 2, 3, 4, 5, 6, 7, 8], 3),
      [1, 2, 3, 4, 5, 6, 7, 8],
    ],
  ])("finds %s", (_, answer, loop) => {
    expect(findLoop(answer)).toEqual(loop);
  });

  it.each([
    ["an empty answer", []],
    ["a short answer", [7, 8]],
    ["a short answer of one token", repeat([7], 11)],
    [
      "a list with one word between its parts",
      Array.from({ length: 32 }, (_, n) => (n % 2 ? 7 : n)),
    ],
    [
      "a beginning that comes back twice",
      [...repeat([1, 2, 3, 4, 5, 6, 7, 8], 2), ...repeat([9, 10], 3), 11],
    ],
    ["a loop that the answer left", [...repeat([7, 8], 11), 1, 2, 3, 4]],
    ["a cycle of nine tokens", repeat([1, 2, 3, 4, 5, 6, 7, 8, 9], 4)],
  ])("lets %s pass", (_, answer) => {
    expect(findLoop(answer)).toBeUndefined();
  });
});
