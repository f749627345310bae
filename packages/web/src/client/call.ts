/** A request as it goes to the worker: checked, with every default filled in. */

import {
  expectDetail,
  expectHistory,
  expectNumber,
  resolveGenerationOptions,
} from "../protocol/options.ts";
import type { GenerateCall, WireImage } from "../wire/worker-api.ts";
import type { GenerateRequest } from "../api/calls.ts";

/** What a method of the client adds to a request. */
export interface CallSettings {
  readonly endOnSentence?: boolean;
  readonly stripLeadIn?: boolean;
  readonly maxWords?: number | undefined;
  /** Images that are open already, in place of the request's. */
  readonly images?: readonly WireImage[];
  /** Whether features and beginnings of prompts are reused even where answers are not. */
  readonly reuses?: boolean;
  readonly isOpening?: boolean;
  /** Milliseconds that those images took. */
  readonly waitedMs?: number;
}

/** @throws {TypeError} when an option is out of its range */
export function toCall(
  id: number,
  request: GenerateRequest,
  { maxWords, ...how }: Omit<CallSettings, "images" | "waitedMs">,
): Omit<GenerateCall, "images"> {
  if (typeof request.prompt !== "string" || request.prompt.trim() === "") {
    throw new TypeError("Expected `prompt` to be a string with a question in it");
  }
  const { detail = "high", history = [], targetLatencyMs } = request;
  expectDetail(detail);
  expectHistory(history);
  if (targetLatencyMs !== undefined) expectNumber("targetLatencyMs", targetLatencyMs, 1, 600_000);
  const useCache = request.cache ?? true;
  return {
    id,
    prompt: request.prompt,
    system: request.system,
    history: history.map(({ role, content }) => ({ role, content })),
    fit: request.fit ?? "pad",
    detail,
    targetLatencyMs,
    generation: resolveGenerationOptions({
      ...request,
      ...(maxWords !== undefined && { maxWords }),
    }),
    endOnSentence: how.endOnSentence ?? false,
    stripLeadIn: how.stripLeadIn ?? false,
    useCache,
    reuses: how.reuses ?? useCache,
    isOpening: how.isOpening ?? false,
  };
}
