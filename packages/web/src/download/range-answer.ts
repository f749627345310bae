/** The answer to a request for a range of a file, from a server or out of the address itself. */

export interface RangeAnswer {
  /** The server sent the whole file, whatever was asked for. */
  readonly isWhole: boolean;
  /** Size of the file; undefined where the answer does not say, or hides it from other origins. */
  readonly totalBytes: number | undefined;
  readonly etag: string | undefined;
  /** The next bytes; undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  /** Ends the request. */
  cancel(): void;
}
