import { expect, it } from "vitest";
import { chainOf, modelOf } from "../../test/mutations.ts";
import { readEverything } from "../../test/read-everything.ts";

it("a million nodes are refused in seconds", () => {
  const { readable, faults, slowest, slowestMs } = readEverything(
    modelOf(chainOf(1_000_000, "Mul", "image_features", true)),
  );
  expect({ readable, faults }).toEqual({ readable: [], faults: [] });
  expect(slowestMs, slowest).toBeLessThan(5_000);
});

it.each(["Mul", "Where", "MatMul"])("the most nodes that are read cost seconds: %s", (operator) => {
  const file = modelOf(chainOf(20_000, operator, "image_features", true));
  const { readable, faults, slowest, slowestMs } = readEverything(file);
  expect(faults).toEqual([]);
  expect(readable).toContain("planEncoder");
  expect(slowestMs, slowest).toBeLessThan(30_000);
});
