/** Chooses the next token from logits. */

import type { ResolvedGenerationOptions } from "../protocol/options.ts";
import type { Prediction, TokenChoice } from "../engines/runtime.ts";
import { weighToken } from "./token-choice.ts";

type SamplingOptions = Pick<
  ResolvedGenerationOptions,
  "temperature" | "topP" | "topK" | "repetitionPenalty" | "seed"
>;

/** Picks the next token. */
export interface Sampler {
  /** @param previous the ids for the repetition penalty: those of the prompt's text and of the answer so far */
  next(
    prediction: Prediction,
    previous: ReadonlySet<number>,
    isAllowed?: (id: number) => boolean,
  ): Promise<TokenChoice>;
}

/**
 * Creates a sampler. With `temperature` 0 it is greedy. Otherwise it applies temperature, top-k and top-p in Hugging Face's
 * order. `fallbackSeed` is used if the options have no seed.
 */
export function createSampler(options: SamplingOptions, fallbackSeed: number): Sampler {
  const random = mulberry32(options.seed ?? fallbackSeed);
  return {
    async next(prediction, previous, isAllowed) {
      const isPlain = options.repetitionPenalty === 1;
      if (options.temperature === 0 && isPlain && !isAllowed) return prediction.readLikeliest();
      const logits = await prediction.readLogits();
      const all = isPlain ? logits : penalise(logits, previous, options.repetitionPenalty);
      const scores = isAllowed ? keepAllowed(all, isAllowed, options.temperature) : all;
      const id = options.temperature === 0 ? argmax(scores) : sample(scores, options, random());
      return weighToken(logits, id);
    },
  };
}

/** The index of the largest value; the first one if several are equal. */
export function argmax(values: Float32Array): number {
  let best = 0;
  let bestValue = -Infinity;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (value > bestValue) {
      best = index;
      bestValue = value;
    }
  }
  return best;
}

/** Tokens this many times the temperature below the best one are never drawn: each has less than a 10⁻¹³ of its weight. */
const TEMPERATURES = 30;

/**
 * Leaves only tokens that are allowed. To find out is not cheap, so that only tokens are asked about that could be chosen.
 *
 * @throws {Error} when no token is allowed
 */
function keepAllowed(
  scores: Float32Array,
  isAllowed: (id: number) => boolean,
  temperature: number,
): Float32Array {
  let best = -1;
  for (let id = 0; id < scores.length; id++) {
    if ((best < 0 || scores[id]! > scores[best]!) && isAllowed(id)) best = id;
  }
  if (best < 0) throw new Error("No token is allowed");
  const least = scores[best]! - TEMPERATURES * temperature;
  return scores.map((score, id) =>
    id === best || (temperature > 0 && score > least && isAllowed(id)) ? score : -Infinity,
  );
}

/** Divides positive scores of tokens that occurred and multiplies negative ones (arXiv 1909.05858, §4.1). */
function penalise(
  logits: Float32Array,
  previous: ReadonlySet<number>,
  penalty: number,
): Float32Array {
  const scores = logits.slice();
  for (const id of previous) {
    const score = scores[id];
    if (score === undefined) continue;
    scores[id] = score > 0 ? score / penalty : score * penalty;
  }
  return scores;
}

function sample(
  scores: Float32Array,
  { temperature, topK, topP }: SamplingOptions,
  draw: number,
): number {
  const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const kept = topK > 0 ? order.slice(0, topK) : order;
  const highest = scores[kept[0]!]!;
  const weights = kept.map((id) => Math.exp((scores[id]! - highest) / temperature));
  const count = nucleusSize(weights, topP);
  const mass = sum(weights, count);
  let remaining = draw * mass;
  for (let index = 0; index < count; index++) {
    remaining -= weights[index]!;
    if (remaining < 0) return kept[index]!;
  }
  return kept[count - 1]!;
}

/** How many of the descending `weights` it takes to hold `topP` of their sum; at least one. */
function nucleusSize(weights: readonly number[], topP: number): number {
  if (topP >= 1) return weights.length;
  const wanted = sum(weights, weights.length) * topP;
  let mass = 0;
  for (let index = 0; index < weights.length; index++) {
    mass += weights[index]!;
    if (mass >= wanted) return index + 1;
  }
  return weights.length;
}

function sum(values: readonly number[], count: number): number {
  let total = 0;
  for (let index = 0; index < count; index++) total += values[index]!;
  return total;
}

/** A 32-bit generator, small and good enough to draw tokens (Tommy Ettinger's mulberry32, public domain). */
function mulberry32(seed: number): () => number {
  // Seeds above 32 bits keep their high part.
  let state = (seed ^ Math.floor(seed / 2 ** 32)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
