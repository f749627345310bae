/** Chooses one of several models for each user, for an A/B test or a staged rollout. */

import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import { choice } from "../schema/catalog-options.ts";
import { read } from "../schema/read.ts";
import { murmurHash3 } from "./murmur-hash.ts";

/** One of the models that {@link chooseModel} can choose. */
export interface ModelChoice {
  /** The name of the choice in metrics (`vlm.cohort`). */
  readonly name: string;
  readonly model: ModelDescriptor;
  /** The share of keys that get this model, relative to the sum of all shares: with 1 and 3, a quarter and three quarters. */
  readonly share: number;
}

/**
 * Returns the model for `key`, with the choice's name as its `cohort`. Nothing is stored or sent: the same key and the
 * same choices give the same model on every machine.
 *
 * The hash of the key (MurmurHash3_x86_32 of its UTF-8 bytes, seed 0) is a point on a line from 0 to 1. The choices
 * divide this line in the order of the list; each part is as long as its share. If you raise one share and leave the
 * others, each key keeps its choice, or moves along the list towards the raised choice; it never moves past it. With two
 * choices, only keys of the other choice move. With more, you can move keys between two neighbours only: raise one share
 * by as much as you lower the other.
 *
 * @param key a stable name for the user, the device or the session; it does not leave the page
 * @throws {TypeError} when the key or the list is empty; when a name is empty or occurs twice; when a share is negative or
 *   not a number, or all shares are 0
 *
 * @example
 * const model = chooseModel(userId, [
 *   { name: "stable", model: fastvlm05b({ pins: stablePins }), share: 95 },
 *   { name: "next", model: fastvlm05b({ pins: nextPins }), share: 5 },
 * ]);
 */
export function chooseModel(key: string, choices: readonly ModelChoice[]): ModelDescriptor {
  const given: readonly ModelChoice[] = read(choice, { key, choices }, "choices").choices;
  const total = sumShares(given);
  // Both sides of the comparison are multiplied by 2³². Without a division, whole numbers as shares are exact.
  const point = murmurHash3(key) * total;
  let end = 0;
  const chosen = given.find(({ share }) => {
    end += share;
    return point < end * 2 ** 32;
  });
  const { name, model } = chosen!; // The last part ends at `total`, and every point is below it.
  return { ...model, cohort: name };
}

function sumShares(choices: readonly ModelChoice[]): number {
  if (choices.length === 0) throw new TypeError("Expected `choices` to have at least one model");
  const names = new Set<string>();
  let total = 0;
  for (const { name, share } of choices) {
    if (names.has(name)) throw new TypeError(`Expected one choice named \`${name}\`, got several`);
    names.add(name);
    total += share;
  }
  if (total === 0) throw new TypeError("Expected the `share` of at least one choice to be above 0");
  return total;
}
