/** Writes the protobuf wire format as pieces: new bytes, and parts of the file that stay as they are. */

import type { ByteSource } from "./byte-source.ts";
import { WIRE, type Span } from "./wire-reader.ts";

/** New bytes, or a part of the file. */
export type Piece = Uint8Array | Span;

export function piecesLength(pieces: readonly Piece[]): number {
  return pieces.reduce((total, piece) => total + pieceLength(piece), 0);
}

/** All pieces, one after the other. */
export function joinPieces(source: ByteSource, pieces: readonly Piece[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(piecesLength(pieces));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece instanceof Uint8Array ? piece : source.read(piece.start, piece.end), offset);
    offset += pieceLength(piece);
  }
  return bytes;
}

/** A nested message, or bytes. */
export function messageField(number: number, pieces: readonly Piece[]): Piece[] {
  const header = [...varint(number * 8 + WIRE.bytes), ...varint(piecesLength(pieces))];
  return [Uint8Array.from(header), ...pieces];
}

/** @param value a safe integer; a negative one takes ten bytes, as protobuf writes it */
export function integerField(number: number, value: number): Piece {
  return Uint8Array.from([...varint(number * 8 + WIRE.varint), ...varint(value)]);
}

export function floatField(number: number, value: number): Piece[] {
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setFloat32(0, value, true);
  return [Uint8Array.from(varint(number * 8 + WIRE.fixed32)), new Uint8Array(bytes.buffer)];
}

/** A string with one byte per character: ASCII, or the result of {@link byteString}. */
export function stringField(number: number, value: string): Piece[] {
  return messageField(number, [Uint8Array.from(value, (byte) => byte.charCodeAt(0))]);
}

function pieceLength(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.byteLength : piece.end - piece.start;
}

function varint(value: number): number[] {
  if (value < 0) return twosComplement(value);
  const bytes: number[] = [];
  // Divides instead of shifting, because offsets in a file exceed 31 bits.
  while (value >= 0x80) {
    bytes.push((value % 0x80) | 0x80);
    value = Math.floor(value / 0x80);
  }
  bytes.push(value);
  return bytes;
}

/** A negative number is the 64-bit integer with the same bits. */
function twosComplement(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}
