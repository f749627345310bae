/** A file whose every byte was verified, read in pieces and without waiting. */
export interface VerifiedFile {
  /** Bytes. */
  readonly size: number;
  /** The bytes from `start` up to `end`, both within the file. The result is not to be written to. */
  read(start: number, end: number): Uint8Array;
  /** Nothing can be read afterwards. */
  close(): void;
}
