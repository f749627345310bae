/** The answer to a request for a range of a file. It comes from a server, or from the address itself. */

export interface RangeAnswer {
  /** Whether the server sent the whole file, even if a range was asked for. */
  readonly isWhole: boolean;
  /** Size of the file in bytes; undefined if the answer does not tell it, or hides it from other origins. */
  readonly totalBytes: number | undefined;
  readonly etag: string | undefined;
  /** The next bytes; undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  /** Ends the request. */
  cancel(): void;
}
