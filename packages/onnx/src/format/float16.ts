// Conversions between the float types that weights are stored in. All views are little-endian, as safetensors
// and ONNX are, and as every machine that Node runs on is.

const float32 = new Float32Array(1);
const float32Bits = new Uint32Array(float32.buffer);

/** The largest finite float16. */
export const maxFloat16 = 65504;

/** Rounds to float16 (nearest, ties to even). Values above {@link maxFloat16} become infinite. */
export function toFloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let index = 0; index < bits.length; index++) halves[index] = halfFromBits(bits[index]!);
  return halves;
}

function halfFromBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) {
    const isNaN = magnitude > 0x7f800000;
    return sign | 0x7c00 | (isNaN ? 0x200 : 0);
  }
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 aligns the value so that the float32 adder itself rounds it, ties to even.
    float32Bits[0] = magnitude;
    float32[0] = float32[0]! + 0.5;
    return sign | (float32Bits[0] - 0x3f000000);
  }
  const roundToEven = 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((magnitude - 0x38000000 + roundToEven) >>> 13);
}

let halfTable: Float32Array | undefined;

/** Widens float16 bit patterns; exact. */
export function fromFloat16(halves: Uint16Array): Float32Array {
  halfTable ??= Float32Array.from({ length: 0x10000 }, (_, bits) => floatFromHalf(bits));
  const values = new Float32Array(halves.length);
  for (let index = 0; index < halves.length; index++) values[index] = halfTable[halves[index]!]!;
  return values;
}

function floatFromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Widens bfloat16 bit patterns; exact, because a bfloat16 is the upper half of a float32. */
export function fromBfloat16(uppers: Uint16Array): Float32Array {
  const bits = new Uint32Array(uppers.length);
  for (let index = 0; index < uppers.length; index++) bits[index] = uppers[index]! << 16;
  return new Float32Array(bits.buffer);
}
