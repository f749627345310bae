/** How sure a model was of a token. */

import type { TokenChoice } from "../engines/runtime.ts";

/** Logits this far below the largest one add less than 1e-13 each, which is left out. */
const NEGLIGIBLE = -30;

/**
 * Weighs the choice of one token.
 *
 * @param logits [vocab]
 */
export function weighToken(logits: Float32Array, id: number): TokenChoice {
  const { highest, sum, weighted } = sumExponentials(logits);
  return toChoice(id, logits[id]! - highest, sum, weighted);
}

/**
 * The entropy is ln Σeˣ − Σxeˣ / Σeˣ, with every x relative to the largest logit.
 *
 * @param relative the token's logit, less the largest one
 * @param sum Σeˣ
 * @param weighted Σxeˣ
 */
export function toChoice(id: number, relative: number, sum: number, weighted: number): TokenChoice {
  return {
    id,
    probability: Math.exp(relative) / sum,
    entropy: Math.max(0, Math.log(sum) - weighted / sum),
  };
}

/** ln of the softmax's share of each of `ids`. */
export function logProbabilities(logits: Float32Array, ids: readonly number[]): number[] {
  const { highest, sum } = sumExponentials(logits);
  return ids.map((id) => logits[id]! - highest - Math.log(sum));
}

function sumExponentials(logits: Float32Array) {
  let highest = -Infinity;
  for (const logit of logits) if (logit > highest) highest = logit;
  let sum = 0;
  let weighted = 0;
  for (const logit of logits) {
    const relative = logit - highest;
    if (!(relative > NEGLIGIBLE)) continue;
    const exponential = expOfNegative(relative);
    sum += exponential;
    weighted += relative * exponential;
  }
  return { highest, sum, weighted };
}

/** Powers are known for this many numbers between two whole ones. */
const FINENESS = 64;
const POWERS = Float64Array.from({ length: -NEGLIGIBLE * FINENESS + 1 }, (_, step) =>
  Math.exp(-step / FINENESS),
);

/** eˣ for x from {@link NEGLIGIBLE} to 0, to 6 digits: a vocabulary has 150,000 of them, and `Math.exp` is 3.5 times slower. */
function expOfNegative(x: number): number {
  const step = Math.trunc(-x * FINENESS);
  const rest = x + step / FINENESS; // From -1/64 to 0, where three terms of the series are enough.
  return POWERS[step]! * (1 + rest * (1 + rest / 2));
}
