/** A file's bytes, to be read in pieces: most of a model file is weights that nobody here looks at. */
export interface ByteSource {
  readonly size: number;
  /** The bytes from `start` up to `end`, both within the file. The result is not to be written to. */
  read(start: number, end: number): Uint8Array;
}

/** A file that is in memory; reading it copies nothing. */
export function sourceOfBytes(bytes: Uint8Array): ByteSource {
  return { size: bytes.byteLength, read: (start, end) => bytes.subarray(start, end) };
}

/** Holds a tensor's name and shape, and the next one's when that one is small. */
const WINDOW_BYTES = 16 * 1024;

/** The same file, asked in large pieces however small the pieces are that are asked of it. */
export interface WindowedSource extends ByteSource {
  byteAt(offset: number): number;
}

/** Made for a walk from front to back that skips far: behind a window there is no memory of it. */
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
