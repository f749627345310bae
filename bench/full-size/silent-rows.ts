/** Weights whose control tokens are never the likeliest: greedy text then always has the length asked for. */

import type { Weights } from "../../packages/onnx/src/index.ts";

/** The embedding table is the vocabulary product's matrix too, so a small row is a small logit. */
const TABLE = "model.embed_tokens.weight";
const SMALL = 1e-3;

/** The same weights, with the table's rows from `firstSilent` on a thousandth of what they were. */
export function silenceRows(weights: Weights, firstSilent: number): Weights {
  const silenceFrom = (values: Float32Array, firstRow: number, rowLength: number): Float32Array => {
    const start = Math.max(0, firstSilent - firstRow) * rowLength;
    for (let index = start; index < values.length; index++) values[index]! *= SMALL;
    return values;
  };
  const rowLength = weights.shape(TABLE)[1]!;
  return {
    ...weights,
    read: (name) =>
      name === TABLE ? silenceFrom(weights.read(name), 0, rowLength) : weights.read(name),
    readRows: (name, first, count) => {
      const rows = weights.readRows(name, first, count);
      return name === TABLE ? silenceFrom(rows, first, rowLength) : rows;
    },
  };
}
