/**
 * What the files of the official exporters are asked with: the formulas of `tools/exporter-fixtures/reference.py`, for
 * Node and for browsers.
 */

export const HIDDEN = 64;
export const POSITIONS = 1024;
export const DECODER_LAYERS = 3;

/** Something different everywhere, between 0 and 1: [3, side, side]. */
export function exportedImage(side: number): Float32Array {
  const planes = new Float32Array(3 * side * side);
  let index = 0;
  for (let channel = 0; channel < 3; channel++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const slow = Math.sin(((2 * channel + 3) * x) / side + (4 * y) / side);
        const fast = Math.sin(0.7 * x + (channel + 1) * 1.3 * y);
        planes[index++] = 0.5 + 0.3 * slow + 0.2 * fast;
      }
  return planes;
}

/** Stand-ins for the embeddings of ids: [ids, hidden]. */
export function exportedRows(ids: readonly number[], hidden = HIDDEN): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: ids.length * hidden },
    (_, index) => 0.3 * Math.sin(1.7 * ids[Math.floor(index / hidden)]! + 0.9 * (index % hidden)),
  );
}
