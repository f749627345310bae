/**
 * Asks a decoder a question about the check image: greedily, or along a given answer. The prompt is run in pieces, because
 * a decoder that is not rewritten returns the logits of all positions of a run, 608 KB each for FastVLM-0.5B.
 */

import { argmax } from "../generation/sampling.ts";
import type { PromptPart, Runtime } from "../engines/runtime.ts";

/** The greatest number of positions in a run: 39 MB of logits for FastVLM-0.5B. */
const MOST_POSITIONS = 64;

export interface CheckQuestion {
  /** The prompt, in runs. */
  readonly runs: readonly (readonly PromptPart[])[];
  /** Ids that end an answer. */
  readonly endIds: ReadonlySet<number>;
}

/** The answer of a decoder. */
export interface CheckAnswer {
  /** The ids of the answer, without the id that ends it. */
  readonly ids: readonly number[];
  /** The logits of the first positions, [vocab] each. */
  readonly logits: readonly Float32Array[];
}

/** Cuts a prompt into runs that are short enough. */
export function cutPrompt(parts: readonly PromptPart[]): (readonly PromptPart[])[] {
  const runs: PromptPart[][] = [];
  for (const part of parts) {
    if (part.kind === "tokens") {
      for (const [from, to] of stretches(part.ids.length))
        runs.push([{ kind: "tokens", ids: part.ids.slice(from, to) }]);
    } else {
      const { tokens, values } = part.features;
      const hidden = values.length / tokens;
      for (const [from, to] of stretches(tokens)) {
        const features = { tokens: to - from, values: values.slice(from * hidden, to * hidden) };
        runs.push([{ kind: "image", features }]);
      }
    }
  }
  return runs;
}

function* stretches(count: number): Generator<[from: number, to: number]> {
  for (let from = 0; from < count; from += MOST_POSITIONS)
    yield [from, Math.min(count, from + MOST_POSITIONS)];
}

/**
 * @param count the greatest number of tokens in the answer
 * @param kept how many positions' logits are kept, with those before the first token
 */
export function answerGreedily(
  runtime: Runtime,
  { runs, endIds }: CheckQuestion,
  { count, kept }: { count: number; kept: number },
): Promise<CheckAnswer> {
  return withDecoding(runtime, async (append) => {
    const ids: number[] = [];
    const logits: Float32Array[] = [];
    let latest = await append(runs);
    for (;;) {
      if (logits.length < kept) logits.push(latest);
      const id = argmax(latest);
      if (endIds.has(id) || ids.length === count) return { ids, logits };
      ids.push(id);
      latest = await append([tokenRun(id)]);
    }
  });
}

/** @returns the logits before the first of `ids`, and those after each of them; [vocab] each */
export function followAnswer(
  runtime: Runtime,
  { runs }: CheckQuestion,
  ids: readonly number[],
): Promise<Float32Array[]> {
  return withDecoding(runtime, async (append) => {
    const logits = [await append(runs)];
    for (const id of ids) logits.push(await append([tokenRun(id)]));
    return logits;
  });
}

type Append = (runs: CheckQuestion["runs"]) => Promise<Float32Array>;

async function withDecoding<T>(runtime: Runtime, use: (append: Append) => Promise<T>): Promise<T> {
  const decoding = runtime.startDecoding();
  try {
    return await use(async (runs) => {
      let logits = new Float32Array();
      for (const parts of runs)
        logits = Float32Array.from(await (await decoding.append(parts)).readLogits());
      return logits;
    });
  } finally {
    decoding.dispose();
  }
}

function tokenRun(id: number): readonly PromptPart[] {
  return [{ kind: "tokens", ids: [id] }];
}
