/** One of several models for each user: an A/B test, or a release that begins with a few. */

import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import { choice } from "../schema/catalog-options.ts";
import { read } from "../schema/read.ts";
import { murmurHash3 } from "./murmur-hash.ts";

/** One of the models that {@link chooseModel} can choose. */
export interface ModelChoice {
  /** What metrics call it. */
  readonly name: string;
  readonly model: ModelDescriptor;
  /** How many keys get it, relative to the sum of all shares: 1 and 3 are a quarter and the rest. */
  readonly share: number;
}

/**
 * The model that `key` gets, with the choice's name as its `cohort`. Nothing is stored or sent: the
 * same key and choices give the same model on every machine.
 *
 * The key's hash (MurmurHash3_x86_32 of its UTF-8, seed 0) is a point from 0 to 1, and the choices
 * follow one another there in the order of the list, each as long as its share of the sum. So when one
 * share is raised and the others stay, a key keeps its choice or moves along the list towards the
 * raised one, never away from it or past it. Of two choices: only keys of the other one move. Of more,
 * to move keys from one choice to a neighbour alone, raise that one's share by what the other's loses.
 *
 * @param key what identifies the user, the device or the session to the app; it stays here
 * @throws {TypeError} when the key or the list is empty, a name is empty or there twice, a share is
 *   negative or not a number, or all are 0
 *
 * @example
 * const model = chooseModel(userId, [
 *   { name: "stable", model: fastvlm05b({ pins: stablePins }), share: 95 },
 *   { name: "next", model: fastvlm05b({ pins: nextPins }), share: 5 },
 * ]);
 */
export function chooseModel(key: string, choices: readonly ModelChoice[]): ModelDescriptor {
  const given = read(choice, { key, choices }, "choices");
  const total = sumShares(given.choices);
  // Both sides of the comparison are times 2³²: without a division, whole shares are exact.
  const point = murmurHash3(given.key) * total;
  let end = 0;
  const chosen = given.choices.find(({ share }) => {
    end += share;
    return point < end * 2 ** 32;
  });
  const { name, model }: ModelChoice = chosen!; // The ranges end at `total`, which no point reaches.
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
