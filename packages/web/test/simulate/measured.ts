/** How long calls and starts take, as it was measured. Only how they compare with each other and with the targets matters. */

export interface Kit {
  readonly name: string;
  /** How long a call takes on the average, without its wait, in milliseconds. */
  readonly meanMs: number;
  /** How long a further worker takes to load. */
  readonly startMs: number;
  /** @param chance from 0 to below 1 */
  draw(chance: number): number;
}

/**
 * The embedded model in Chromium on WASM, one thread for each worker, captions of pictures of 512 pixels, while two workers
 * computed on two cores that other programs used too: `npm run bench:pool`.
 */
export const EMBEDDED = createKit(
  "the embedded model",
  2642,
  [64, 118, 130, 145, 160, 181, 200, 231, 268, 367, 485],
);

/**
 * FastVLM-0.5B's size on WASM: processor time of the first token at 512 pixels (3.8 s), 15 to 25 tokens at half of the speed of
 * two threads (17.3 a second), and the load from storage (3.9 s with two threads), as in `bench/RESULTS.md`.
 */
export const FULL_SIZE = createKit("FastVLM-0.5B's size", 7800, [5500, 6700]);

/** @param shares the least, equal shares of the calls, and the most, in milliseconds */
function createKit(name: string, startMs: number, shares: readonly number[]): Kit {
  const last = shares.length - 1;
  const draw = (chance: number): number => {
    const below = Math.floor(chance * last);
    const from = shares[below]!;
    return from + (shares[below + 1]! - from) * (chance * last - below);
  };
  const middles = shares.slice(1).map((ms, index) => (ms + shares[index]!) / 2);
  return { name, startMs, meanMs: middles.reduce((sum, ms) => sum + ms, 0) / last, draw };
}
