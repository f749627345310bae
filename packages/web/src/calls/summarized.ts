/** Tells how calls end: with an answer, with an error, or given up. */

import { toAnsweredCall, toUnansweredCall } from "../metrics/ended-call.ts";
import type { EndedCall, VlmResult } from "../protocol/result.ts";
import type { WireImage } from "../wire/worker-api.ts";

export interface SummaryOptions {
  readonly task: EndedCall["task"];
  readonly signal: AbortSignal | undefined;
  /** Is told of every call that ended. */
  readonly onCallEnded: (call: EndedCall) => void;
  /** Is told of the calls that failed, unless they were given up, and how long they took. */
  readonly onFailed: (error: unknown, milliseconds: number) => void;
}

/**
 * Runs a call, and tells when it ends how it ended.
 *
 * @param run gets a function to call with the images when they are there
 */
export async function summarized(
  { task, signal, onCallEnded, onFailed }: SummaryOptions,
  run: (onTaken: (images: readonly WireImage[]) => void) => Promise<VlmResult>,
): Promise<VlmResult> {
  const startedAt = Date.now();
  const start = performance.now();
  let imageKinds: EndedCall["imageKinds"] = [];
  const onTaken = (images: readonly WireImage[]): void => {
    imageKinds = images.map(({ kind }) => (kind === "blob" || kind === "data" ? "file" : "pixels"));
  };
  try {
    const result = await run(onTaken);
    const begun = { startedAt, task, imageKinds };
    onCallEnded(toAnsweredCall(begun, performance.now() - start, result));
    return result;
  } catch (error) {
    const isAborted = signal?.aborted === true;
    const milliseconds = performance.now() - start;
    const begun = { startedAt, task, imageKinds };
    onCallEnded(toUnansweredCall(begun, milliseconds, error, isAborted));
    if (!isAborted) onFailed(error, milliseconds);
    throw error;
  }
}
