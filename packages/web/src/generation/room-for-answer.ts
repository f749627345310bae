/** Holds prompts to the positions that a model has. */

import type { TextCodec } from "../engines/runtime.ts";
import { VlmError } from "../protocol/errors.ts";

/**
 * How many of the `wanted` tokens an answer may have.
 *
 * @throws {VlmError} `context-overflow` when the prompt leaves no room for an answer
 */
export function roomForAnswer(
  promptPositions: number,
  wanted: number,
  maxPositions: number,
): number {
  const room = maxPositions - promptPositions;
  if (room >= 1) return Math.min(wanted, room);
  const excess = 1 - room;
  throw new VlmError(
    "context-overflow",
    `The prompt takes ${String(promptPositions)} positions and the model has ${String(maxPositions)}, one of them for the ` +
      `answer: ${String(excess)} too many. Shorten the prompt or use fewer images.`,
    { tokens: promptPositions, limit: maxPositions, excess },
  );
}

/**
 * Written language has up to 6 characters a token. A tokenizer takes up to 80 ms for a thousand characters without
 * spaces, and nothing can interrupt it, so that a text far beyond the context is refused before.
 */
const MAX_CHARACTERS_PER_POSITION = 16;

/** The part of a long text whose tokens are counted, in characters. */
const SAMPLE_LENGTH = 1000;

/**
 * Refuses texts that are so long that to count their tokens would hold up other calls.
 *
 * @throws {VlmError} `context-overflow`, whose numbers are estimates
 */
export function assertTextLength(
  texts: readonly string[],
  codec: Pick<TextCodec, "encode">,
  maxPositions: number,
): void {
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  if (length <= maxPositions * MAX_CHARACTERS_PER_POSITION) return;
  const longest = texts.reduce((one, other) => (other.length > one.length ? other : one));
  const sample = codec.encode(longest.slice(0, SAMPLE_LENGTH)).length;
  const ratio = sample / Math.min(longest.length, SAMPLE_LENGTH);
  const tokens = Math.max(Math.round(length * ratio), maxPositions);
  const excess = tokens - maxPositions + 1;
  throw new VlmError(
    "context-overflow",
    `The prompt has ${String(length)} characters, which are about ${String(tokens)} tokens, and the model has ` +
      `${String(maxPositions)} positions: about ${String(excess)} too many. Shorten the prompt.`,
    { tokens, limit: maxPositions, excess },
  );
}
