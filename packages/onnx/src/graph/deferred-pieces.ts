/** Writes files from front to back. Some bytes are made only when they are written. */

import type { ByteSource } from "./byte-source.ts";
import type { Piece } from "./pieces.ts";
import type { Span } from "./wire-reader.ts";
import type { Bytes } from "./bytes.ts";

/** Bytes that do not exist yet. As a span it tells their number, so it can be a part of a message. */
export interface Deferred extends Span {
  make(): Bytes;
}

export function deferred(byteLength: number, make: () => Bytes): Deferred {
  return { start: 0, end: byteLength, make };
}

const CHUNK_BYTES = 1024 * 1024;

/** The file's bytes in order. The receiver owns each chunk, which has a megabyte or one deferred piece. */
export function* writePieces(
  source: ByteSource,
  pieces: readonly Piece[],
): Generator<Bytes, void, undefined> {
  let chunk = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  for (const piece of pieces) {
    if ("make" in piece) {
      if (filled > 0) yield chunk.slice(0, filled);
      filled = 0;
      yield (piece as Deferred).make();
      continue;
    }
    const isNew = piece instanceof Uint8Array;
    const length = isNew ? piece.byteLength : piece.end - piece.start;
    for (let done = 0; done < length;) {
      const count = Math.min(length - done, CHUNK_BYTES - filled);
      const bytes = isNew
        ? piece.subarray(done, done + count)
        : source.read(piece.start + done, piece.start + done + count);
      chunk.set(bytes, filled);
      done += count;
      filled += count;
      if (filled < CHUNK_BYTES) continue;
      yield chunk;
      chunk = new Uint8Array(CHUNK_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.slice(0, filled);
}
