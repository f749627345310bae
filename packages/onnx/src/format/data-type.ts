/** Element types of tensors, by the numbers that onnx.proto gives them. */

/** The types that the kit makes or calculates with. */
export const DATA_TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
} as const;

export type DataType = keyof typeof DATA_TYPE;

/** Bits per element. Tensors of other types are not moved. */
const ELEMENT_BITS: Readonly<Record<number, number>> = {
  [DATA_TYPE.float32]: 32,
  [DATA_TYPE.uint8]: 8,
  [DATA_TYPE.int8]: 8,
  4: 16, // uint16
  5: 16, // int16
  [DATA_TYPE.int32]: 32,
  [DATA_TYPE.int64]: 64,
  [DATA_TYPE.bool]: 8,
  [DATA_TYPE.float16]: 16,
  11: 64, // float64
  12: 32, // uint32
  13: 64, // uint64
  16: 16, // bfloat16
  21: 4, // uint4
  22: 4, // int4
};

/**
 * The bytes that so many elements take, which are packed where they are smaller than a byte.
 *
 * @param dataType a number of onnx.proto
 * @returns NaN for a type of unknown size
 */
export function byteLength(dataType: number, shape: readonly number[]): number {
  const bits = ELEMENT_BITS[dataType] ?? Number.NaN;
  return Math.ceil((shape.reduce((product, size) => product * size, 1) * bits) / 8);
}

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<DataType, number>> = {
  float32: byteLength(DATA_TYPE.float32, []),
  uint8: byteLength(DATA_TYPE.uint8, []),
  int8: byteLength(DATA_TYPE.int8, []),
  int32: byteLength(DATA_TYPE.int32, []),
  int64: byteLength(DATA_TYPE.int64, []),
  bool: byteLength(DATA_TYPE.bool, []),
  float16: byteLength(DATA_TYPE.float16, []),
};
