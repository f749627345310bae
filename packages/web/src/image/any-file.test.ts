import fc from "fast-check";
import { it } from "vitest";
import { holdFile, mutationsOf, readValidFiles } from "./fixtures/mutate.ts";

it("a damaged file of any kind has a size and a part for the decoder, or a typed error", () => {
  fc.assert(fc.property(mutationsOf(readValidFiles()), holdFile), { numRuns: 2_000 });
});
