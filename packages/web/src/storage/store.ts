/** The interface of everything that keeps data between visits. Every store passes the same contract suite. */

import type { FileKey, ModelKey } from "./file-keys.ts";
import type { FileRecord } from "./file-record.ts";
import type { Bytes } from "../protocol/arrays.ts";

/** A key-value store. Keys are strings; values can be everything that structured clone accepts. */
export interface Store {
  /** The value; undefined if there is none. */
  get(key: string): Promise<unknown>;
  /** Resolves when the value is safely stored. If it rejects, nothing has changed. */
  set(key: string, value: unknown): Promise<void>;
  /**
   * Stores a part of a file. `get` returns it as a Blob.
   *
   * @param at where the part begins in the file; a store may keep all parts of a file together
   */
  setPart(key: string, bytes: Bytes, at: number): Promise<void>;
  /**
   * Replaces a value by the result of `change` in one step. No other writer, in this tab or another, comes in between.
   * `change` has to return at once. If it returns undefined, the value is deleted.
   */
  update(key: string, change: (value: unknown) => unknown): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  keys(): Promise<string[]>;
  clear(): Promise<void>;
  /**
   * Writes back what the store has lost, from the copies that it keeps elsewhere.
   *
   * @param owner only what belongs to this model; by default everything
   */
  restore?(owner?: ModelKey): Promise<void>;
  /**
   * Opens a file whose parts the store keeps together. Parts may be missing or damaged. Undefined if parts are kept
   * separately, or if the file cannot be opened now.
   */
  openFile?(file: FileKey): Promise<RawFile | undefined>;
}

/** A stored file, read synchronously. */
export interface RawFile {
  readonly size: number;
  /** Fills `into` with the bytes from `at` on. Beyond the end of the file, `into` stays unchanged. */
  read(into: Bytes, at: number): void;
  close(): void;
  /** The verdict, if the file was verified already, with the hashes of `record`. */
  isIntact?(record: FileRecord): boolean | undefined;
}
