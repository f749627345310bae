/**
 * The generation loop: prefill, then one token at a time until the model, a limit or the caller
 * ends it. Knows nothing of what computes the logits.
 */

import { VlmError } from "../protocol/errors.ts";
import type { ResolvedGenerationOptions } from "../protocol/options.ts";
import type { FinishReason } from "../protocol/result.ts";
import type { PromptPart, Runtime, TextCodec } from "./runtime.ts";
import { createSampler } from "./sampling.ts";
import { countWords } from "./sentences.ts";
import { createTextStream } from "./text-stream.ts";

/** What the loop needs from its surroundings. */
export interface GenerationContext {
  readonly runtime: Runtime;
  readonly codec: TextCodec;
  /** Ids that end an answer. */
  readonly endIds: ReadonlySet<number>;
  /** Milliseconds of a steady clock. */
  readonly now: () => number;
  /** Lets other work happen between tokens; throws when the call was cancelled. */
  readonly checkpoint: () => Promise<void>;
  readonly onFirstToken: () => void;
  readonly onText: (text: string) => void;
}

/** What came out, before captions are trimmed. */
export interface Generation {
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly outputTokens: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/**
 * Generates the answer to `parts`.
 *
 * @throws {VlmError} `context-overflow` when the prompt leaves no room for an answer.
 */
export async function generate(
  context: GenerationContext,
  parts: readonly PromptPart[],
  options: ResolvedGenerationOptions,
): Promise<Generation> {
  const { runtime, now } = context;
  const maxNewTokens = roomForAnswer(
    countPositions(parts),
    options.maxNewTokens,
    runtime.maxPositions,
  );
  const sampler = createSampler(options, Math.floor(Math.random() * 2 ** 32));
  const seen = new Set(parts.flatMap((part) => (part.kind === "tokens" ? part.ids : [])));
  const stream = createTextStream(context.codec, options.stop);
  const emit = (text: string): void => {
    if (text !== "") context.onText(text);
  };

  const startedAt = now();
  const decoding = runtime.startDecoding();
  try {
    let logits = await decoding.append(parts); // [vocab]
    const firstTokenAt = now();
    context.onFirstToken();

    let outputTokens = 0;
    let finishReason: FinishReason = "length";
    while (true) {
      await context.checkpoint();
      const id = sampler.next(logits, seen);
      if (context.endIds.has(id)) {
        finishReason = "stop";
        break;
      }
      seen.add(id);
      outputTokens += 1;
      const delta = stream.push(id);
      emit(delta.text);
      if (delta.isStopped) {
        finishReason = "stop-string";
        break;
      }
      // One word more than allowed shows that the last allowed one is whole.
      if (options.maxWords !== undefined && countWords(stream.text) > options.maxWords) {
        finishReason = "max-words";
        break;
      }
      if (outputTokens === maxNewTokens) break;
      logits = await decoding.append([{ kind: "tokens", ids: [id] }]);
    }
    if (finishReason !== "stop-string") {
      const rest = stream.flush();
      emit(rest.text);
      if (rest.isStopped) finishReason = "stop-string";
    }
    return {
      text: stream.text,
      finishReason,
      outputTokens,
      prefillMs: firstTokenAt - startedAt,
      decodeMs: now() - firstTokenAt,
    };
  } finally {
    decoding.dispose();
  }
}

/** Positions that `parts` take in the sequence. */
function countPositions(parts: readonly PromptPart[]): number {
  return parts.reduce(
    (sum, part) => sum + (part.kind === "tokens" ? part.ids.length : part.features.tokens),
    0,
  );
}

function roomForAnswer(promptPositions: number, wanted: number, maxPositions: number): number {
  const room = maxPositions - promptPositions;
  if (room >= 1) return Math.min(wanted, room);
  throw new VlmError(
    "context-overflow",
    `The prompt takes ${String(promptPositions)} positions and the model has ${String(maxPositions)}. ` +
      "Shorten the prompt or use fewer images.",
    { tokens: promptPositions, limit: maxPositions },
  );
}
