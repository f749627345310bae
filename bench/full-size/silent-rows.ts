/** Weights whose control tokens are never the likeliest: greedy text then always has the length asked for. */

import type { Weights } from "../../packages/onnx/src/index.ts";

const SMALL = 1e-3;

/**
 * The same weights, with the rows of `table` from `firstId` on a thousandth of what they were. The table is the matrix
 * that makes the logits (in FastVLM the embedding table), so a small row is a small logit.
 */
export function silenceRows(
  weights: Weights,
  { table, firstId }: { readonly table: string; readonly firstId: number },
): Weights {
  const silenceFrom = (values: Float32Array, firstRow: number, rowLength: number): Float32Array => {
    const start = Math.max(0, firstId - firstRow) * rowLength;
    for (let index = start; index < values.length; index++) values[index]! *= SMALL;
    return values;
  };
  const rowLength = weights.shape(table)[1]!;
  return {
    ...weights,
    read: (name) =>
      name === table ? silenceFrom(weights.read(name), 0, rowLength) : weights.read(name),
    readRows: (name, first, count) => {
      const rows = weights.readRows(name, first, count);
      return name === table ? silenceFrom(rows, first, rowLength) : rows;
    },
  };
}
