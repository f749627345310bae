/** The seam to whatever keeps bytes between visits. Every store passes one contract suite. */

import type { FileKey } from "./file-keys.ts";
import type { FileRecord } from "./file-record.ts";

/** A key-value store. Keys are strings; values are what structured clone takes. */
export interface Store {
  /** The value, or undefined where there is none. */
  get(key: string): Promise<unknown>;
  /** Resolves when the value is safely stored; rejects when it is not, and then nothing changed. */
  set(key: string, value: unknown): Promise<void>;
  /**
   * The same for a part of a file, of which `get` gives a Blob.
   *
   * @param at where in the file the part begins: a store may keep all parts of a file together
   */
  setPart(key: string, bytes: Uint8Array<ArrayBuffer>, at: number): Promise<void>;
  /**
   * Replaces a value by what `change` makes of it, as one step: no other writer comes between, in this
   * tab or another. `change` must not wait. Returning undefined deletes the value.
   */
  update(key: string, change: (value: unknown) => unknown): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  keys(): Promise<string[]>;
  clear(): Promise<void>;
  /**
   * A file whose parts the store keeps together, as it is: nothing says that all parts are there, or
   * intact. Undefined where parts are kept apart, or the file cannot be opened now.
   */
  openFile?(file: FileKey): Promise<RawFile | undefined>;
}

/** A stored file, read synchronously. */
export interface RawFile {
  readonly size: number;
  /** Fills `into` with what begins at `at`; what lies beyond the file's end stays as it was. */
  read(into: Uint8Array<ArrayBuffer>, at: number): void;
  close(): void;
  /** What came of it where somebody has verified it already, against these hashes. */
  isIntact?(record: FileRecord): boolean | undefined;
}
