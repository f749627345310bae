import { expect, it } from "vitest";
import { toSentArea } from "./sent-size.ts";

const photo = { width: 4000, height: 3000 };

it("shrinks an image to the node's side, and never enlarges one", () => {
  const area = toSentArea(photo, { fit: undefined, detail: undefined }, 1000);
  expect(area).toEqual({ left: 0, top: 0, ...photo, sentWidth: 1000, sentHeight: 750 });
  const small = { width: 20, height: 10 };
  const kept = toSentArea(small, { fit: "pad", detail: undefined }, 1000);
  expect(kept).toMatchObject({ sentWidth: 20, sentHeight: 10 });
});

it("sends the middle of an image that is cropped", () => {
  const area = toSentArea(photo, { fit: "crop", detail: undefined }, 1000);
  expect(area).toEqual({
    ...{ left: 500, top: 0, width: 3000, height: 3000 },
    ...{ sentWidth: 1000, sentHeight: 1000 },
  });
});

it.each([
  ["low", 250],
  ["medium", 500],
  ["high", 1000],
  [640, 640],
  [2048, 1000],
] as const)("sends less where less detail is asked for: %s", (detail, side) => {
  expect(toSentArea(photo, { fit: undefined, detail }, 1000).sentWidth).toBe(side);
});

it("leaves a very long image at least one pixel high", () => {
  const line = { width: 10_000, height: 2 };
  expect(toSentArea(line, { fit: undefined, detail: undefined }, 100).sentHeight).toBe(1);
});
