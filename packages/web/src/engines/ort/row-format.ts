/** How a row of a stored table becomes numbers: the same float32 values that ORT computes. */

import { NUMBER_BYTES, type NumberType } from "@fastvlm-kit/onnx/graph";
import { float16ToFloat32 } from "./float16.ts";

export interface RowFormat {
  readonly type: NumberType;
  /** Numbers of a row. */
  readonly width: number;
  /** One for all rows, or the bytes of a float32 for each. */
  readonly scale: number | Uint8Array | undefined;
  /** One for all rows, or the bytes of one for each, in the table's own type. */
  readonly zeroPoint: number | Uint8Array | undefined;
}

/** @param bytes those of row `row`; they are not kept */
export function readRow(format: RowFormat, row: number, bytes: Uint8Array): Float32Array {
  const stored = storedNumbers(format.type, format.width, bytes);
  if (format.scale === undefined) return stored;
  const scale = numberOf(format.scale, "float32", row);
  const zeroPoint = numberOf(format.zeroPoint ?? 0, format.type, row);
  // Exact in JavaScript's doubles, rounded once where it is stored: as in float32 arithmetic.
  return stored.map((number) => (number - zeroPoint) * scale);
}

function storedNumbers(type: NumberType, width: number, bytes: Uint8Array): Float32Array {
  // A copy: rows begin anywhere in the file, and typed arrays at multiples of their element only.
  const { buffer } = bytes.slice();
  switch (type) {
    case "float32":
      return new Float32Array(buffer, 0, width);
    case "float16":
      return float16ToFloat32(new Uint16Array(buffer, 0, width));
    case "int8":
      return Float32Array.from(new Int8Array(buffer, 0, width));
    case "uint8":
      return Float32Array.from(new Uint8Array(buffer, 0, width));
  }
}

function numberOf(numbers: number | Uint8Array, type: NumberType, row: number): number {
  if (typeof numbers === "number") return numbers;
  const start = row * NUMBER_BYTES[type];
  return storedNumbers(type, 1, numbers.subarray(start, start + NUMBER_BYTES[type]))[0]!;
}
