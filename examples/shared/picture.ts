/** A picture that an example asks about. */
export interface Picture {
  readonly name: string;
  /** A file, or the address of a sample. */
  readonly source: Blob | string;
}
