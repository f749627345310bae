/** One graph's file, wherever it is kept. In this room and not in a pure one because of `Blob`. */
export interface GraphFile {
  /** The file's size. */
  readonly bytes: number;
  /** The whole file, verified. Each call reads it again. */
  read(): Promise<Uint8Array<ArrayBuffer>>;
  /** The whole file as a Blob over stored parts, verified, where the store can give one; nothing is read into JS. */
  blob?(): Promise<Blob>;
}
