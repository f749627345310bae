/** Runs the same prompt at once and in pieces. The logits after it have to be the same. */

import type { Runtime } from "../engines/runtime.ts";

/** More than 64 tokens in any vocabulary. */
export const LONG_TEXT = "One two three four five six seven eight nine ten. ".repeat(8);

const SINGLE_TOKENS = 4;

/** Cuts ids into short pieces, then into single tokens. The first single token may be captured; the others replay it. */
export function inSmallPieces(ids: readonly number[]): (readonly number[])[] {
  const [head, tail] = [ids.slice(0, -SINGLE_TOKENS), ids.slice(-SINGLE_TOKENS)];
  const pieces: (readonly number[])[] = [];
  for (let from = 0; from < head.length; from += 8) pieces.push(head.slice(from, from + 8));
  return [...pieces, ...tail.map((id) => [id])];
}

/** The logits after the last of `pieces`: [vocab]. */
export async function lastLogits(
  runtime: Runtime,
  pieces: readonly (readonly number[])[],
): Promise<Float32Array> {
  const decoding = runtime.startDecoding();
  try {
    let logits = new Float32Array();
    for (const ids of pieces) {
      const prediction = await decoding.append([{ kind: "tokens", ids }]);
      logits = Float32Array.from(await prediction.readLogits());
    }
    return logits;
  } finally {
    decoding.dispose();
  }
}
