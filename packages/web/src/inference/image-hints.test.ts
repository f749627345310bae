import { expect, it } from "vitest";
import { toHints } from "./image-hints.ts";

const codesOf = (image: Parameters<typeof toHints>[0]) => toHints(image)?.map(({ code }) => code);

it("warns of images whose sides differ more than 8 times, and of none below", () => {
  expect(codesOf({ width: 1200, height: 14_000 })).toEqual(["very-long"]);
  expect(codesOf({ width: 8001, height: 1000 })).toEqual(["very-long"]);
  expect(codesOf({ width: 8000, height: 1000 })).toBeUndefined();
  const [hint] = toHints({ width: 14_000, height: 1000 })!;
  expect(hint!.message).toContain("14 times");
  expect(hint!.message).toContain("`detail`");
});

it("adds what the pixels say, and how a WebGL canvas gets empty", () => {
  expect(codesOf({ width: 300, height: 150, hint: "transparent" })).toEqual(["transparent"]);
  expect(codesOf({ width: 900, height: 100, hint: "nearly-uniform" })).toEqual([
    "nearly-uniform",
    "very-long",
  ]);
  const [hint] = toHints({ width: 3, height: 3, hint: "nearly-uniform" })!;
  expect(hint!.message).toContain("preserveDrawingBuffer");
});
