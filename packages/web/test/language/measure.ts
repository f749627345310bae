/** What is measured of one set of files: how likely it finds a text that it is led along, and the time for a token. */

import type { Decoding, Prediction, Runtime } from "../../src/engines/runtime.ts";
import { argmax } from "../../src/generation/sampling.ts";

/** A text, or a question with the answer of fp32. */
export interface Stretch {
  readonly name: string;
  /** What the model has read before. */
  readonly context: readonly number[];
  /** What follows, token by token. Without it, the model goes on greedily by itself. */
  readonly next?: readonly number[];
}

export interface StretchResult {
  readonly name: string;
  /** The tokens that followed. */
  readonly ids: readonly number[];
  /** For each of them, the token that the model found likeliest. */
  readonly likeliest: readonly number[];
  /** For each of them, the negative logarithm of its probability. */
  readonly losses: readonly number[];
}

/** How a context is divided into runs. */
export interface Division {
  /** Tokens of the first run; 0 if it is like the others. */
  readonly first: number;
  /** Tokens of the other runs. */
  readonly piece: number;
}

/** The end of an answer that is not given. */
export interface AnswerEnd {
  readonly endId: number;
  readonly maxTokens: number;
}

export async function measure(
  runtime: Runtime,
  { name, context, next }: Stretch,
  division: Division,
  { endId, maxTokens }: AnswerEnd,
): Promise<StretchResult> {
  const decoding = runtime.startDecoding();
  try {
    const ids: number[] = [];
    const likeliest: number[] = [];
    const losses: number[] = [];
    let prediction = await appendInRuns(decoding, context, division);
    while (true) {
      const logits = await prediction.readLogits();
      const best = argmax(logits);
      const id = next ? next[ids.length]! : best;
      likeliest.push(best);
      losses.push(lossOf(logits, id, logits[best]!));
      ids.push(id);
      const isLast = next ? ids.length === next.length : ids.length === maxTokens || id === endId;
      if (isLast) return { name, ids, likeliest, losses };
      prediction = await decoding.append([{ kind: "tokens", ids: [id] }]);
    }
  } finally {
    decoding.dispose();
  }
}

/** Times in milliseconds. */
export interface Speed {
  /** The best of some runs of the context. */
  readonly contextMs: number;
  /** The median of a greedy step. */
  readonly stepMs: number;
}

/** @param now returns a time in milliseconds */
export async function measureSpeed(
  runtime: Runtime,
  context: readonly number[],
  division: Division,
  now: () => number,
): Promise<Speed> {
  const contexts: number[] = [];
  const steps: number[] = [];
  for (let round = 0; round < 3; round++) {
    const decoding = runtime.startDecoding();
    let before = now();
    let { id } = await (await appendInRuns(decoding, context, division)).readLikeliest();
    contexts.push(now() - before);
    for (let step = 0; step < 32; step++) {
      before = now();
      ({ id } = await (await decoding.append([{ kind: "tokens", ids: [id] }])).readLikeliest());
      steps.push(now() - before);
    }
    decoding.dispose();
  }
  steps.sort((a, b) => a - b);
  return { contextMs: Math.min(...contexts), stepMs: steps[steps.length / 2]! };
}

async function appendInRuns(
  decoding: Decoding,
  ids: readonly number[],
  { first, piece }: Division,
): Promise<Prediction> {
  let start = 0;
  let end = first || piece;
  while (true) {
    const prediction = await decoding.append([{ kind: "tokens", ids: ids.slice(start, end) }]);
    if (end >= ids.length) return prediction;
    start = end;
    end += piece;
  }
}

function lossOf(logits: Float32Array, id: number, largest: number): number {
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return Math.log(sum) + largest - logits[id]!;
}
