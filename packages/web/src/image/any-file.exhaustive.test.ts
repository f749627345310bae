import fc from "fast-check";
import { it } from "vitest";
import { holdFile, mutationsOf, readValidFiles } from "./fixtures/mutate.ts";

it("100,000 damaged files have a size and a part for the decoder, or a typed error", () => {
  fc.assert(fc.property(mutationsOf(readValidFiles()), holdFile), { numRuns: 100_000 });
}, 600_000);
