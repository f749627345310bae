/** What is said about a few noisy measurements of the same thing. */

/** The middle one; the mean of the two in the middle of an even number. NaN of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The smallest and the largest. */
export function range(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

/** How many times as good `ours` is as `theirs`: above 1 is better for us. */
export function advantage(ours: number, theirs: number, better: "lower" | "higher"): number {
  return better === "lower" ? theirs / ours : ours / theirs;
}

/** The least disturbed measurement: other programs only ever make one worse. */
export function best(values: readonly number[], better: "lower" | "higher"): number {
  return better === "lower" ? Math.min(...values) : Math.max(...values);
}
