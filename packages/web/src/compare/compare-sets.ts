/**
 * Compares the precisions of a model on the user's images. From the most exact one it makes the numbers that a device has
 * to reach ({@link SelfCheck}).
 */

import { cosine } from "../generation/cosine.ts";
import type { SelfCheck } from "../protocol/model-descriptor.ts";
import { MIN_LIKELIHOOD } from "../inference/self-check.ts";
import type { FileSet } from "./file-sets.ts";
import {
  openSet,
  runSet,
  type EncodedView,
  type NamedImage,
  type RunContext,
  type SetRun,
} from "./run-set.ts";

/** How one set compares with the reference, over all images. */
export interface SetComparison {
  readonly set: FileSet;
  /** The least and the mean cosine of the features of both, from -1 to 1. */
  readonly features: { readonly least: number; readonly mean: number };
  /** The number of images for which both answers have the same first token. */
  readonly sameFirst: number;
  /** The number of images for which both answers are equal. */
  readonly sameAnswer: number;
  /** The mean share of tokens, from the first on, in which both answers agree: from 0 to 1. */
  readonly sameTokens: number;
  /** The number of answers that repeat themselves without end. */
  readonly loops: number;
  readonly texts: readonly string[];
  /** Why the set does not pass the check that was made; undefined if it passes. */
  readonly failsCheck: string | undefined;
}

export interface Comparison {
  readonly images: readonly string[];
  /** The reference first. */
  readonly sets: readonly SetComparison[];
  readonly selfCheck: SelfCheck;
}

export interface CompareOptions extends RunContext {
  /** The first is the reference. */
  readonly sets: readonly FileSet[];
  readonly images: readonly NamedImage[];
}

/** How many tokens are stored. With more tokens, a right device would more often differ by chance. */
const TOKEN_COUNT = 3;

/** About how many values of the features are stored. */
const FEATURE_COUNT = 200;

/**
 * The limit of the cosine leaves four times the room that the worst set needs. It stays so low that an int8 encoder which
 * a CPU makes for itself always reaches it (such an encoder is kept from 0.99 on), and so high that it still finds faults.
 */
const ROOM = 4;
const LEAST_LIMIT = 0.9;
const MOST_LIMIT = 0.97;

/**
 * Loads one set after the other, runs the images through it, and compares the results.
 *
 * @throws {TypeError} when there is no set or no image
 * @throws {VlmError} the errors of the runtime
 */
export async function compareSets(options: CompareOptions): Promise<Comparison> {
  const { sets, images } = options;
  const [first] = sets;
  if (!first || images.length === 0)
    throw new TypeError("Expected at least one set of files and one image");
  const size = await sizeOfCheck(sets, options);
  const check = { size, count: TOKEN_COUNT };
  const reference = await runSet(first, images, options, { ...check, followed: undefined });
  const runs = [reference];
  for (const set of sets.slice(1))
    runs.push(await runSet(set, images, options, { ...check, followed: reference.check.ids }));

  const limit = limitFor(runs.map((run) => likenessOfCheck(run, reference)));
  return {
    images: images.map(({ name }) => name),
    sets: runs.map((run) => compare(run, reference, limit)),
    selfCheck: makeCheck(reference, { prompt: options.prompt, size, limit }),
  };
}

/** The side of the check's image in pixels: the small one, if every set takes it. A CPU needs a second for it, at every load. */
async function sizeOfCheck(sets: readonly FileSet[], options: CompareOptions): Promise<number> {
  const { images } = options.setup;
  const { small } = images.checkSides;
  const own = images.tileSide(options.imageSize);
  const seen = new Set<string>();
  for (const set of sets) {
    if (own <= small || seen.has(set.graphs.vision)) continue;
    seen.add(set.graphs.vision);
    const runtime = await openSet(set, options);
    const isFree = runtime.isImageSizeFree;
    await runtime.dispose();
    if (!isFree) return own;
  }
  return Math.min(small, own);
}

function limitFor(likenesses: readonly number[]): number {
  const farthest = Math.min(...likenesses);
  const limit = Math.floor((1 - ROOM * (1 - farthest)) * 1000) / 1000;
  return Math.min(MOST_LIMIT, Math.max(LEAST_LIMIT, limit)) || LEAST_LIMIT;
}

function likenessOfCheck({ check }: SetRun, reference: SetRun): number {
  return cosine(check.features, reference.check.features);
}

function makeCheck(
  { check }: SetRun,
  { prompt, size, limit }: { prompt: string; size: number; limit: number },
): SelfCheck {
  const featureStride = oddAtLeast(check.features.length / FEATURE_COUNT);
  return {
    prompt,
    imageSize: size,
    expectedTokenIds: check.ids,
    features: Array.from(
      check.features.filter((_, index) => index % featureStride === 0),
      (value) => Number(value.toPrecision(6)),
    ),
    featureStride,
    minCosine: limit,
  };
}

/** The number of channels is even, so only an odd stride reaches all of them. */
function oddAtLeast(value: number): number {
  const whole = Math.max(1, Math.ceil(value));
  return whole % 2 === 0 ? whole + 1 : whole;
}

function compare(run: SetRun, reference: SetRun, limit: number): SetComparison {
  const cosines = run.looks.map(({ features }, at) =>
    cosine(features, reference.looks[at]!.features),
  );
  const pairs = run.looks.map((look, at) => [look, reference.looks[at]!] as const);
  const count = (is: (look: EncodedView, other: EncodedView) => boolean): number =>
    pairs.filter(([look, other]) => is(look, other)).length;
  return {
    set: run.set,
    features: { least: Math.min(...cosines), mean: meanOf(cosines) },
    sameFirst: count((look, other) => look.ids[0] === other.ids[0]),
    sameAnswer: count((look, other) => look.ids.join() === other.ids.join()),
    sameTokens: meanOf(pairs.map(([look, other]) => shareInCommon(look.ids, other.ids))),
    loops: count(({ isLoop }) => isLoop),
    texts: run.looks.map(({ text }) => text),
    failsCheck: failureOf(run, reference, limit),
  };
}

function failureOf(run: SetRun, reference: SetRun, limit: number): string | undefined {
  const likeness = likenessOfCheck(run, reference);
  if (!(likeness >= limit)) return `features ${likeness.toFixed(4)}, at least ${limit} expected`;
  const least = Math.min(...run.check.likelihoods);
  return least >= MIN_LIKELIHOOD
    ? undefined
    : `likelihood of a token ${least.toFixed(4)}, at least ${MIN_LIKELIHOOD} expected`;
}

/** The share of equal tokens at the beginning; 1 if both lists are empty. */
function shareInCommon(some: readonly number[], others: readonly number[]): number {
  const length = Math.max(some.length, others.length);
  if (length === 0) return 1;
  const differs = some.findIndex((id, at) => id !== others[at]);
  return (differs === -1 ? Math.min(some.length, others.length) : differs) / length;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
