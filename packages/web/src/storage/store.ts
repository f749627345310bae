/** The seam to whatever keeps bytes between visits. Every store passes one contract suite. */

/** A key-value store. Keys are strings; values are what structured clone takes. */
export interface Store {
  /** The value, or undefined where there is none. */
  get(key: string): Promise<unknown>;
  /** Resolves when the value is safely stored; rejects when it is not, and then nothing changed. */
  set(key: string, value: unknown): Promise<void>;
  /**
   * Replaces a value by what `change` makes of it, as one step: no other writer comes between, in this
   * tab or another. `change` must not wait. Returning undefined deletes the value.
   */
  update(key: string, change: (value: unknown) => unknown): Promise<void>;
  delete(keys: readonly string[]): Promise<void>;
  keys(): Promise<string[]>;
  clear(): Promise<void>;
}
