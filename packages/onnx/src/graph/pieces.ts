/** Protobuf messages as pieces: new bytes, and parts of the file that stay as they are. */

import { bytesHeader } from "../format/protobuf.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Span } from "./wire-reader.ts";
import type { Bytes } from "./bytes.ts";

/** New bytes, or a part of the file. */
export type Piece = Uint8Array | Span;

export function piecesLength(pieces: readonly Piece[]): number {
  return pieces.reduce((total, piece) => total + pieceLength(piece), 0);
}

/** All pieces, one after the other. */
export function joinPieces(source: ByteSource, pieces: readonly Piece[]): Bytes {
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
  return [bytesHeader(number, piecesLength(pieces)), ...pieces];
}

/** A string with one byte per character: ASCII, or the result of {@link byteString}. */
export function stringField(number: number, value: string): Piece[] {
  return messageField(number, [Uint8Array.from(value, (byte) => byte.charCodeAt(0))]);
}

function pieceLength(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.byteLength : piece.end - piece.start;
}
