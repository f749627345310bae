/** A file of a stranger costs bounded time and memory, and one kind of error. Its seeds are files of real exporters. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chainOf, modelOf, mutations, tangledModels } from "../../test/mutations.ts";
import { readEverything } from "../../test/read-everything.ts";

const FIXTURES = fileURLToPath(new URL("../../../../e2e/fixtures/", import.meta.url));
const SEEDS = [
  "exported-fastvlm/onnx/decoder_model_merged_q4f16.onnx",
  "exported-idefics3/onnx/decoder_model_merged_q4.onnx",
  "exported-idefics3/onnx/vision_encoder_q4.onnx",
  "exported-idefics3/onnx/embed_tokens_int8.onnx",
  "exporter-decoders/onnx/decoder_builder_q4.onnx",
  "exporter-decoders/onnx/decoder_pruned.onnx",
  "exporter-decoders/onnx/vision_encoder.onnx",
];

/** What a whole file takes at most, many times over: the tests may share a core with others. */
const MAX_MS = 5_000;

describe.each(SEEDS)("%s", (path) => {
  const seed = new Uint8Array(readFileSync(`${FIXTURES}${path}`));

  it("is read whole", () => {
    expect(readEverything(seed)).toMatchObject({ faults: [] });
    expect(readEverything(seed).readable).toContain("inspectModel");
  });

  it("is read, or refused with an OnnxError, after any change", () => {
    fc.assert(
      fc.property(mutations, (changes) => {
        const file = changes.reduce<Uint8Array>((bytes, change) => change(bytes), seed);
        const { faults, slowest, slowestMs } = readEverything(file);
        expect(faults).toEqual([]);
        expect(slowestMs, slowest).toBeLessThan(MAX_MS);
      }),
      { numRuns: Number(process.env["FUZZ_RUNS"] ?? 15) },
    );
  });
});

it("graphs of anything, with cycles and impossible sizes, are read or refused", () => {
  fc.assert(
    fc.property(tangledModels, (file) => {
      const { faults, slowest, slowestMs } = readEverything(file);
      expect(faults).toEqual([]);
      expect(slowestMs, slowest).toBeLessThan(MAX_MS);
    }),
    { numRuns: Number(process.env["FUZZ_RUNS"] ?? 300) },
  );
});

const CHAINED = ["Add", "Identity", "Where", "MatMul", "Mul"];

describe.each(["logits", "image_features"])("%s at the end of 2,000 nodes", (output) => {
  it.each(CHAINED)("%s cost little, in a chain and in a cycle", (operator) => {
    for (const isClosed of [false, true]) {
      const file = modelOf(chainOf(2_000, operator, output, isClosed));
      const { readable, faults, slowest, slowestMs } = readEverything(file);
      expect(faults).toEqual([]);
      expect(readable).toContain("inspectModel");
      expect(slowestMs, slowest).toBeLessThan(MAX_MS);
    }
  });
});

it("a graph of more nodes than any model has is refused at once", () => {
  const file = modelOf(chainOf(20_001, "Mul", "logits", true));
  const { readable, faults, slowest, slowestMs } = readEverything(file);
  expect({ readable, faults }).toEqual({ readable: [], faults: [] });
  expect(slowestMs, slowest).toBeLessThan(MAX_MS);
});
