/** Turns a row of a stored table into the same float32 numbers that ORT computes. */

import { ELEMENT_BYTES, fromFloat16, type NumberType } from "@fastvlm-kit/onnx/graph";

export interface RowFormat {
  readonly type: NumberType;
  /** How many numbers a row has. */
  readonly width: number;
  /** One scale for all rows, or the bytes of a float32 for each row. */
  readonly scale: number | Uint8Array | undefined;
  /** One zero point for all rows, or the bytes of one for each row, in the type of the table. */
  readonly zeroPoint: number | Uint8Array | undefined;
}

/** @param bytes the bytes of row `row`; they are not kept */
export function readRow(format: RowFormat, row: number, bytes: Uint8Array): Float32Array {
  const stored = storedNumbers(format.type, format.width, bytes);
  if (format.scale === undefined) return stored;
  const scale = numberOf(format.scale, "float32", row);
  const zeroPoint = numberOf(format.zeroPoint ?? 0, format.type, row);
  // Exact in JavaScript's numbers, and rounded once when it is stored. This equals float32 arithmetic.
  return stored.map((number) => (number - zeroPoint) * scale);
}

function storedNumbers(type: NumberType, width: number, bytes: Uint8Array): Float32Array {
  // Copied, because a row may begin anywhere in the file, and a typed array only at a multiple of its element.
  const { buffer } = bytes.slice();
  switch (type) {
    case "float32":
      return new Float32Array(buffer, 0, width);
    case "float16":
      return fromFloat16(new Uint16Array(buffer, 0, width));
    case "int8":
      return Float32Array.from(new Int8Array(buffer, 0, width));
    case "uint8":
      return Float32Array.from(new Uint8Array(buffer, 0, width));
  }
}

function numberOf(numbers: number | Uint8Array, type: NumberType, row: number): number {
  if (typeof numbers === "number") return numbers;
  const start = row * ELEMENT_BYTES[type];
  return storedNumbers(type, 1, numbers.subarray(start, start + ELEMENT_BYTES[type]))[0]!;
}
