/** Converts IEEE 754 half precision, for graphs with float16 inputs or outputs, which ORT has as Uint16Array. */

export function float16ToFloat32(halves: Uint16Array): Float32Array {
  const floats = new Float32Array(halves.length);
  for (let index = 0; index < halves.length; index++) floats[index] = halfToNumber(halves[index]!);
  return floats;
}

export function float32ToFloat16(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(floats.length);
  for (let index = 0; index < halves.length; index++)
    halves[index] = singleBitsToHalf(bits[index]!);
  return halves;
}

function halfToNumber(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Rounds to nearest, ties to even. */
function singleBitsToHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0);
  const shifted = exponent - 127 + 15;
  if (shifted >= 31) return sign | 0x7c00;
  if (shifted >= 1) return sign + roundShift((shifted << 23) | fraction, 13);
  if (shifted < -10) return sign;
  return sign + roundShift(fraction | 0x800000, 14 - shifted);
}

function roundShift(value: number, shift: number): number {
  const rounded = value >>> shift;
  const rest = value & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return rest > half || (rest === half && rounded & 1) ? rounded + 1 : rounded;
}
