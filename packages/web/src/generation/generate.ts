/**
 * The generation loop. It runs the prompt (prefill), and then one token after the other, until the model, a limit or the
 * caller ends the answer. It does not know which engine computes the logits.
 */

import type { ResolvedGenerationOptions } from "../protocol/options.ts";
import type { Confidence, FinishReason } from "../protocol/result.ts";
import type { PromptPart, Runtime, TextCodec } from "../engines/runtime.ts";
import { createConfidenceMeter } from "./confidence.ts";
import { createSampler } from "./sampling.ts";
import type { AnswerConstraint } from "./constraint.ts";
import type { SequenceCache } from "./sequence-cache.ts";
import { countWords } from "./sentences.ts";
import { roomForAnswer } from "./room-for-answer.ts";
import { createTextStream } from "./text-stream.ts";

/** Everything that the loop needs from its caller. */
export interface GenerationContext {
  readonly runtime: Pick<Runtime, "maxPositions">;
  /** The kept sequences, from which a new one can start. */
  readonly sequences: SequenceCache;
  readonly codec: TextCodec;
  /** Ids that end an answer. */
  readonly endIds: ReadonlySet<number>;
  /** Lets the worker receive messages between tokens; throws if the call was cancelled. */
  readonly checkpoint: () => Promise<void>;
  readonly onFirstToken: () => void;
  readonly onText: (text: string) => void;
  /** The form of the answer, where it has to have one. */
  readonly constrain?: (room: number) => AnswerConstraint;
}

/** The answer before a caption is trimmed. */
export interface Generation {
  readonly text: string;
  readonly finishReason: FinishReason;
  readonly outputTokens: number;
  /** Positions of the prompt that were in the KV cache of an earlier one. */
  readonly reusedTokens: number;
  readonly confidence: Confidence;
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
  const { runtime } = context;
  const maxNewTokens = roomForAnswer(
    countPositions(parts),
    options.maxNewTokens,
    runtime.maxPositions,
  );
  const constraint = context.constrain?.(maxNewTokens);
  const isAllowed =
    constraint &&
    ((id: number): boolean => mayCome(id, context, constraint, maxNewTokens - outputTokens - 1));
  const sampler = createSampler(options, Math.floor(Math.random() * 2 ** 32));
  let outputTokens = 0;
  const confidence = createConfidenceMeter();
  const seen = new Set(parts.flatMap((part) => (part.kind === "tokens" ? part.ids : [])));
  const stream = createTextStream(context.codec, options.stop);
  const emit = (text: string): void => {
    if (text !== "") context.onText(text);
  };

  const sequence = context.sequences.begin(parts);
  try {
    let prediction = await sequence.append(sequence.rest);
    context.onFirstToken();

    let finishReason: FinishReason = "length";
    while (true) {
      await context.checkpoint();
      const choice = await sampler.next(prediction, seen, isAllowed);
      const { id } = choice;
      // Of an answer without words, the end is all there is to be sure of.
      if (!context.endIds.has(id) || outputTokens === 0) confidence.add(choice);
      if (context.endIds.has(id)) {
        finishReason = "stop";
        break;
      }
      seen.add(id);
      outputTokens += 1;
      constraint?.accept(id);
      const delta = stream.push(id);
      emit(delta.text);
      if (delta.isStopped) {
        finishReason = "stop-string";
        break;
      }
      // One word more than allowed shows that the last allowed word is complete.
      if (options.maxWords !== undefined && countWords(stream.text) > options.maxWords) {
        finishReason = "max-words";
        break;
      }
      if (constraint?.isClosed === true) {
        finishReason = "stop";
        break;
      }
      if (outputTokens === maxNewTokens) break;
      prediction = await sequence.append([{ kind: "tokens", ids: [id] }]);
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
      reusedTokens: sequence.reused,
      confidence: confidence.read(),
    };
  } finally {
    sequence.end();
  }
}

/** Whether a token may come next in an answer that has to have a form. */
function mayCome(
  id: number,
  { endIds }: Pick<GenerationContext, "endIds">,
  constraint: AnswerConstraint,
  room: number,
): boolean {
  return endIds.has(id) ? constraint.isComplete : constraint.allows(id, room);
}

/** Runs the beginning of later prompts, and keeps its KV cache for them. */
export async function prefill(
  { sequences }: Pick<GenerationContext, "sequences">,
  parts: readonly PromptPart[],
): Promise<void> {
  const sequence = sequences.begin(parts);
  try {
    await sequence.append(sequence.rest);
  } finally {
    sequence.end();
  }
}

/** Positions that `parts` take in the sequence. */
export function countPositions(parts: readonly PromptPart[]): number {
  return parts.reduce(
    (sum, part) => sum + (part.kind === "tokens" ? part.ids.length : part.features.tokens),
    0,
  );
}
