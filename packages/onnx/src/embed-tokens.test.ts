import { expect, test } from "vitest";
import { embeddings, openSession, relativeError } from "../test/sessions.ts";
import { embedTokens } from "./embed-tokens.ts";
import { modelSizes } from "./model-sizes.ts";
import { precisionOf } from "./precision.ts";
import { randomWeights } from "./random-weights.ts";

const weights = randomWeights(modelSizes.tiny, 1);
const ids = [5, 0, 511, 5, 42];
const rows = ids.flatMap((id) => [...weights.readRows("model.embed_tokens.weight", id, 1)]);

test.each([
  ["fp32", "fp32", 0],
  ["fp32", "fp16", 5e-4],
  ["fp16", "fp32", 5e-4],
  ["int8", "fp32", 0.01],
] as const)(
  "%s stored as %s gives the table's rows within %d",
  async (dtype, storage, tolerance) => {
    const session = await openSession(embedTokens(weights, precisionOf(dtype, { storage })));
    const { dims, values } = await embeddings(session, ids);
    expect(dims).toEqual([1, ids.length, modelSizes.tiny.decoder.hiddenSize]);
    expect(relativeError(values, rows)).toBeLessThanOrEqual(tolerance);
  },
);
