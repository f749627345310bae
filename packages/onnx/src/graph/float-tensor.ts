/** Reads stored floating-point numbers in pieces. */

import type { ByteSource } from "./byte-source.ts";
import { DATA_TYPE, type TensorOutline } from "./tensor-outline.ts";

/** @returns undefined for a tensor with other numbers, or without bytes in the file */
export function floatReader(
  source: ByteSource,
  { dataType, raw }: TensorOutline,
): ((start: number, end: number) => Float32Array) | undefined {
  if (!raw) return undefined;
  const bytes = (start: number, end: number, size: number): ArrayBuffer =>
    // Copied, because a float may begin at any byte of the file.
    source.read(raw.start + start * size, raw.start + end * size).slice().buffer;
  switch (dataType) {
    case DATA_TYPE.float32:
      return (start, end) => new Float32Array(bytes(start, end, 4));
    case DATA_TYPE.float16:
      return (start, end) => widen(new Uint16Array(bytes(start, end, 2)));
    default:
      return undefined;
  }
}

function widen(halves: Uint16Array): Float32Array {
  const numbers = new Float32Array(halves.length);
  for (let index = 0; index < numbers.length; index++) numbers[index] = fromHalf(halves[index]!);
  return numbers;
}

/** A float16's bits as a number. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}
