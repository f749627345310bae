/**
 * The protobuf wire format, as much of it as ONNX needs, written as bytes. A field's header can be made before its
 * bytes exist, because its length comes first on the wire: that is how a message of gigabytes is written.
 */

/** The wire types in use. Groups (3 and 4) were given up before ONNX began. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
export type WireType = (typeof WIRE)[keyof typeof WIRE];

/** A non-negative integer as a varint; negative ones are written as 64-bit two's complement, ten bytes. */
export function varint(value: number): Uint8Array {
  if (value < 0) return bigVarint(BigInt.asUintN(64, BigInt(value)));
  const bytes: number[] = [];
  // Divides instead of shifting, because lengths exceed 31 bits.
  while (value >= 0x80) {
    bytes.push((value % 0x80) | 0x80);
    value = Math.floor(value / 0x80);
  }
  bytes.push(value);
  return Uint8Array.from(bytes);
}

function bigVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  while (value >= 0x80n) {
    bytes.push(Number(value & 0x7fn) | 0x80);
    value >>= 7n;
  }
  bytes.push(Number(value));
  return Uint8Array.from(bytes);
}

function tag(field: number, wireType: WireType): Uint8Array {
  return varint(field * 8 + wireType);
}

/** @param value a safe integer; a negative one takes ten bytes, as protobuf writes it */
export function integerField(field: number, value: number): Uint8Array {
  return concatenate([tag(field, WIRE.varint), varint(value)]);
}

/** A `float` field. */
export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concatenate([tag(field, WIRE.fixed32), bytes]);
}

/** A nested message, or bytes. */
export function bytesField(field: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatenate([bytesHeader(field, totalLength(parts)), ...parts]);
}

/** What stands before `length` bytes that the caller writes itself. */
export function bytesHeader(field: number, length: number): Uint8Array {
  return concatenate([tag(field, WIRE.bytes), varint(length)]);
}

/** The bytes of all parts, one after the other. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(totalLength(parts));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The length of all parts together. */
function totalLength(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, part) => total + part.length, 0);
}
