// The protobuf wire format, as much of it as ONNX needs: varints, 32-bit floats, strings, nested messages.
// Messages are built as lists of byte chunks, so that a message of gigabytes can be announced (its length comes
// first on the wire) before its bytes exist.

const utf8 = new TextEncoder();

const wireVarint = 0;
const wireBytes = 2;
const wireFixed32 = 5;

/** A non-negative integer as a varint; negative ones are written as 64-bit two's complement, ten bytes. */
export function varint(value: number): Uint8Array {
  if (value < 0) return bigVarint(BigInt.asUintN(64, BigInt(value)));
  const bytes: number[] = [];
  // Division, not shifts: lengths exceed 31 bits before they exceed what a number holds exactly.
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

function tag(field: number, wireType: number): Uint8Array {
  return varint(field * 8 + wireType);
}

/** An integer field. */
export function integerField(field: number, value: number): Uint8Array {
  return concatenate([tag(field, wireVarint), varint(value)]);
}

/** A `float` field. */
export function floatField(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concatenate([tag(field, wireFixed32), bytes]);
}

/** A string field. */
export function stringField(field: number, value: string): Uint8Array {
  return bytesField(field, utf8.encode(value));
}

/** A nested message, or bytes. */
export function bytesField(field: number, ...parts: Uint8Array[]): Uint8Array {
  return concatenate([bytesHeader(field, totalLength(parts)), ...parts]);
}

/** What stands before `length` bytes that the caller writes itself. */
export function bytesHeader(field: number, length: number): Uint8Array {
  return concatenate([tag(field, wireBytes), varint(length)]);
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
export function totalLength(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, part) => total + part.length, 0);
}
