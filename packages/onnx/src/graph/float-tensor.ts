/** Reads stored floating-point numbers in pieces. */

import { DATA_TYPE } from "../format/data-type.ts";
import { fromFloat16 } from "../format/float16.ts";
import type { ByteSource } from "./byte-source.ts";
import type { TensorOutline } from "./tensor-outline.ts";

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
      return (start, end) => fromFloat16(new Uint16Array(bytes(start, end, 2)));
    default:
      return undefined;
  }
}
