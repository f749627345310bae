/** Turns a checked request into the call that goes to the worker, with every default filled in. */

import { resolveGenerationOptions } from "../schema/generation-options.ts";
import type { GenerateCall, ImageView, WireImage } from "../wire/worker-api.ts";
import type { GenerateRequest, ImageViewOption } from "../api/calls.ts";

/** Settings that a method of the client adds to a request. */
export interface CallSettings {
  readonly endOnSentence?: boolean;
  readonly stripLeadIn?: boolean;
  readonly maxWords?: number | undefined;
  /** Images that are open already; they replace those of the request. */
  readonly images?: readonly WireImage[];
  /** Whether features and KV caches are reused, even if answers are not. */
  readonly reuses?: boolean;
  /** How long it took to get those images, in milliseconds. */
  readonly waitedMs?: number;
}

export function toCall(
  id: number,
  request: GenerateRequest,
  { maxWords, ...how }: Omit<CallSettings, "images" | "waitedMs">,
): Omit<GenerateCall, "images"> {
  const useCache = request.cache ?? true;
  return {
    id,
    prompt: request.prompt,
    system: request.system,
    history: request.history ?? [],
    ...toImageView(request),
    generation: { ...resolveGenerationOptions(request), maxWords },
    endOnSentence: how.endOnSentence ?? false,
    stripLeadIn: how.stripLeadIn ?? false,
    useCache,
    reuses: how.reuses ?? useCache,
  };
}

export function toImageView(request: Pick<GenerateRequest, ImageViewOption>): ImageView {
  return {
    fit: request.fit ?? "pad",
    detail: request.detail ?? "high",
    targetLatencyMs: request.targetLatencyMs,
  };
}
