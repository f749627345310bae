import { expect, it } from "vitest";
import { randomName } from "./random-name.ts";

it("is another one each time, and may stand in a key", () => {
  const names = Array.from({ length: 1000 }, randomName);
  expect(new Set(names).size).toBe(1000);
  for (const name of names) expect(name).toMatch(/^\d+(-\d+){3}$/);
});
