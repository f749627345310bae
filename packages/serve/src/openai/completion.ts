/** Writes answers of the kit as OpenAI's API does: whole, or as chunks of a stream. */

import type { FinishReason, VlmResult } from "@fastvlm-kit/web";

/** What all chunks of an answer have. */
export interface AnswerHead {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly model: string;
}

export function newAnswerHead(model: string): AnswerHead {
  const created = Math.floor(Date.now() / 1000);
  return { id: `chatcmpl-${crypto.randomUUID()}`, created, model };
}

export function toCompletion(head: AnswerHead, result: VlmResult) {
  return {
    ...head,
    object: "chat.completion",
    system_fingerprint: fingerprintOf(result),
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: String(result.text), refusal: null },
        logprobs: null,
        finish_reason: finishReasonOf(result.finishReason),
      },
    ],
    usage: usageOf(result),
  };
}

export function toTextChunk(head: AnswerHead, content: string, isFirst: boolean) {
  return toChunk(head, { ...(isFirst && { role: "assistant" }), content }, null);
}

export function toLastChunk(head: AnswerHead, { finishReason }: VlmResult) {
  return toChunk(head, {}, finishReasonOf(finishReason));
}

/** The chunk that `stream_options.include_usage` asks for. */
export function toUsageChunk(head: AnswerHead, result: VlmResult) {
  return { ...head, object: "chat.completion.chunk", choices: [], usage: usageOf(result) };
}

function toChunk(head: AnswerHead, delta: object, finishReason: "stop" | "length" | null) {
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
  return { ...head, object: "chat.completion.chunk", choices };
}

function finishReasonOf(reason: FinishReason): "stop" | "length" {
  return reason === "length" ? "length" : "stop";
}

function usageOf({ tokens }: VlmResult) {
  const prompt = tokens.image + tokens.prompt;
  return {
    prompt_tokens: prompt,
    completion_tokens: tokens.output,
    total_tokens: prompt + tokens.output,
    prompt_tokens_details: { cached_tokens: tokens.reused },
  };
}

/** Changes when the same question may get another answer. */
function fingerprintOf({ model: { revision, variant } }: VlmResult): string {
  return `${revision}-${variant}`;
}
