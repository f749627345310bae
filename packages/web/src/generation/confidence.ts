/** How sure a model was of its answer, from the probabilities of the answer's tokens. */

import type { TokenChoice } from "../engines/runtime.ts";
import type { Confidence } from "../protocol/result.ts";

export interface ConfidenceMeter {
  /** Counts a token of the answer. */
  add(choice: TokenChoice): void;
  /** Of the tokens so far. */
  read(): Confidence;
}

export function createConfidenceMeter(): ConfidenceMeter {
  let count = 0;
  let sum = 0;
  let least = 1;
  let entropy = 0;
  return {
    add(choice) {
      if (count === 0) entropy = choice.entropy;
      count += 1;
      sum += choice.probability;
      least = Math.min(least, choice.probability);
    },
    read: () => ({
      mean: count === 0 ? 0 : sum / count,
      least: count === 0 ? 0 : least,
      firstTokenEntropy: entropy,
    }),
  };
}
