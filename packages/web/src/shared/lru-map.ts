/** A map that holds no more than it may: what was used longest ago goes first. */

export interface LruMapOptions<K, V> {
  /** How much the values may take together, in what `sizeOf` counts. */
  readonly max: number;
  /** What one value takes. Default: 1, so that `max` counts values. */
  readonly sizeOf?: (value: V, key: K) => number;
}

export class LruMap<K, V> implements Iterable<[K, V]> {
  readonly #max: number;
  readonly #sizeOf: (value: V, key: K) => number;
  readonly #values = new Map<K, V>(); // A Map keeps the order of insertion: the longest unused first.
  #total = 0;

  constructor({ max, sizeOf = () => 1 }: LruMapOptions<K, V>) {
    this.#max = max;
    this.#sizeOf = sizeOf;
  }

  /** What all values take together. */
  get total(): number {
    return this.#total;
  }

  has(key: K): boolean {
    return this.#values.has(key);
  }

  /** The value, which counts as used now. */
  get(key: K): V | undefined {
    const value = this.#values.get(key);
    if (value !== undefined) {
      this.#values.delete(key);
      this.#values.set(key, value);
    }
    return value;
  }

  /**
   * Sets a value, which counts as used now.
   *
   * @returns what had to go; the new value too, where it alone is more than the map may hold
   */
  set(key: K, value: V): [K, V][] {
    this.delete(key);
    this.#values.set(key, value);
    this.#total += this.#sizeOf(value, key);
    const dropped: [K, V][] = [];
    for (const oldest of this.#values) {
      if (this.#total <= this.#max) break;
      this.delete(oldest[0]);
      dropped.push(oldest);
    }
    return dropped;
  }

  delete(key: K): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#total -= this.#sizeOf(value, key);
  }

  clear(): void {
    this.#values.clear();
    this.#total = 0;
  }

  /** From the longest unused to the one used last. */
  [Symbol.iterator](): Iterator<[K, V]> {
    return this.#values[Symbol.iterator]();
  }
}
