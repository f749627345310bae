/** The slope of a line through measurements, and how sure it is. */

/** One measurement: when, and what. */
export type Sample = readonly [x: number, y: number];

export interface Slope {
  /** How much y grows while x grows by 1. */
  readonly perUnit: number;
  /** The 95 % confidence interval of it. */
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

/**
 * Fits a line by least squares. Measurements that follow each other are alike, so that they say less than as many
 * independent ones: the interval is as wide as for the number of independent ones that the correlation of neighbours
 * leaves over.
 *
 * @returns undefined for fewer than 8 measurements
 */
export function slopeOf(samples: readonly Sample[]): Slope | undefined {
  const count = samples.length;
  if (count < 8) return undefined;
  const meanX = mean(samples.map(([x]) => x));
  const meanY = mean(samples.map(([, y]) => y));
  const spread = sum(samples.map(([x]) => (x - meanX) ** 2));
  const perUnit = sum(samples.map(([x, y]) => (x - meanX) * (y - meanY))) / spread;
  const rest = samples.map(([x, y]) => y - meanY - perUnit * (x - meanX));
  const likeness = Math.min(0.99, Math.max(0, correlationOfNeighbours(rest)));
  const independent = Math.max(4, (count * (1 - likeness)) / (1 + likeness));
  const variance = sum(rest.map((one) => one ** 2)) / count;
  // With few independent measurements the interval is wider than two standard errors.
  const factor = studentFactor(independent - 2);
  const error = factor * Math.sqrt((variance * count) / ((independent - 2) * spread));
  return { perUnit, low: perUnit - error, high: perUnit + error, samples: count };
}

function correlationOfNeighbours(values: readonly number[]): number {
  const all = sum(values.map((value) => value ** 2));
  return all === 0 ? 0 : sum(values.slice(1).map((value, index) => value * values[index]!)) / all;
}

/** The 97.5th percentile of Student's distribution, to a percent (its expansion after Cornish and Fisher). */
function studentFactor(degrees: number): number {
  const z = 1.959964;
  return (
    z +
    (z ** 3 + z) / (4 * degrees) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * degrees ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * degrees ** 3)
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
