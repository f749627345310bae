// What PyTorch computes from the random weights of two small models, and from which inputs
// (packages/onnx/test/golden-models wrote the numbers).

import { readFileSync } from "node:fs";
import { modelSizes } from "../src/model-sizes.ts";

const smolVlm = modelSizes["smolvlm-tiny"];

/** The models: a SmolVLM with an own product with the vocabulary, and a Llama whose product uses the embeddings. */
export const goldenSizes = {
  smolvlm: smolVlm,
  llama: { family: "text", decoder: { ...smolVlm.decoder, hasTiedEmbeddings: true } },
} as const;

/** The seed of the weights. */
export const GOLDEN_SEED = 1;

/** Numbers of a tensor: its shape, and every `step`-th of its elements. */
export interface Sample {
  readonly shape: readonly number[];
  readonly step: number;
  readonly values: readonly number[];
}

interface Golden {
  readonly tiles: number;
  readonly features: Sample;
  readonly ids: readonly number[];
  readonly logits: { readonly smolvlm: Sample; readonly llama: Sample };
}

/** The numbers in the repository. */
export function readGolden(): Golden {
  const path = new URL("smolvlm-golden.json", import.meta.url);
  return JSON.parse(readFileSync(path, "utf8")) as Golden;
}

/** The pixels of the golden tiles, [1, tiles, 3, tile, tile] from -1 to 1. The script in Python has the same formula. */
export function goldenPixels(tiles: number): Float32Array {
  const { tileSize } = smolVlm.vision;
  return new Float32Array(tiles * 3 * tileSize ** 2).map((_, index) =>
    Math.sin(index * 0.37 + Math.floor(index / 500)),
  );
}

/** The elements of `values` that a sample has. */
export function sampled(values: Float32Array, { step }: Sample): Float32Array {
  return values.filter((_, index) => index % step === 0);
}
