/** What is told of a call when it ends: never what was asked, shown or answered. */

import { VlmError } from "../protocol/errors.ts";
import type { EndedCall, VlmResult } from "../protocol/result.ts";

/** What is known of a call before it ends. */
export type BegunCall = Pick<EndedCall, "startedAt" | "task" | "imageKinds">;

export function toAnsweredCall(
  begun: BegunCall,
  durationMs: number,
  { cached, device, timings, tokens, tokensPerSecond, finishReason, confidence }: VlmResult,
): EndedCall {
  const facts = { cached, device, timings, tokens, tokensPerSecond, finishReason };
  const result = { ...facts, ...(confidence && { confidence }) };
  return { ...begun, durationMs, outcome: "answered", result };
}

/** @param isAborted whether the caller gave the call up, which is no failure of the kit */
export function toUnansweredCall(
  begun: BegunCall,
  durationMs: number,
  error: unknown,
  isAborted: boolean,
): EndedCall {
  if (isAborted) return { ...begun, durationMs, outcome: "aborted" };
  return { ...begun, durationMs, outcome: "failed", errorType: errorTypeOf(error) };
}

/** The value of OpenTelemetry's `error.type`: a code of the kit, an error of the platform, or `_OTHER`. */
export function errorTypeOf(error: unknown): string {
  if (VlmError.is(error)) return error.code;
  const name = error instanceof Error ? error.name : undefined;
  return name === "TypeError" || name === "InvalidStateError" ? name : "_OTHER";
}
