/** The bytes of a file, read in pieces. Most of a model file is weights, which are not read here. */
export interface ByteSource {
  readonly size: number;
  /** The bytes from `start` to `end` (not included), both within the file. The caller must not write to them. */
  read(start: number, end: number): Uint8Array;
}

/** A file that is in memory; reading it copies nothing. */
export function sourceOfBytes(bytes: Uint8Array): ByteSource {
  return { size: bytes.byteLength, read: (start, end) => bytes.subarray(start, end) };
}

/** Large enough for a tensor's name and shape, and often for those of the next tensor too. */
const WINDOW_BYTES = 16 * 1024;

/** A file that is read in large pieces, even if its reader asks for small ones. */
export interface WindowedSource extends ByteSource {
  byteAt(offset: number): number;
}

/** For a walk from front to back that skips large parts. Only the last window is kept in memory. */
export function windowed(source: ByteSource): WindowedSource {
  let from = 0;
  let window: Uint8Array = new Uint8Array(0);
  const holds = (start: number, end: number): boolean =>
    start >= from && end <= from + window.byteLength;
  const moveTo = (offset: number): void => {
    from = offset;
    window = source.read(offset, Math.min(offset + WINDOW_BYTES, source.size));
  };
  return {
    size: source.size,
    byteAt(offset) {
      if (!holds(offset, offset + 1)) moveTo(offset);
      return window[offset - from]!;
    },
    read(start, end) {
      if (end - start > WINDOW_BYTES) return source.read(start, end);
      if (!holds(start, end)) moveTo(start);
      return window.subarray(start - from, end - from);
    },
  };
}
