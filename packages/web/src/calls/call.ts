/** Turns a checked request into the call that goes to the worker, with every default filled in. */

import { imageSidesOf } from "../families/image-sides.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { EndedCall } from "../protocol/result.ts";
import { assertDetail } from "../schema/detail.ts";
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
  /** Whether the app receives the text while it comes. */
  readonly isStreamed?: boolean;
  /** What the call is counted as. Default `prompt`. */
  readonly task?: EndedCall["task"];
  /** Options that the answer has to choose from. */
  readonly choices?: readonly (readonly string[])[];
}

/**
 * @param model that the call is for: its family says which sides of images are possible
 * @throws {TypeError} when `detail` is none of them
 */
export function toCall(
  id: number,
  model: Pick<ModelDescriptor, "family" | "tileSize">,
  request: GenerateRequest,
  { maxWords, ...how }: Omit<CallSettings, "images" | "task" | "isStreamed">,
): Omit<GenerateCall, "images"> {
  assertDetail(request.detail, imageSidesOf(model));
  const useCache = request.cache ?? true;
  return {
    id,
    prompt: request.prompt,
    system: request.system,
    history: request.history ?? [],
    ...toImageView(request),
    generation: { ...resolveGenerationOptions(request), maxWords },
    ...(how.choices && { choices: how.choices }),
    endOnSentence: how.endOnSentence ?? false,
    stripLeadIn: how.stripLeadIn ?? false,
    useCache,
    reuses: how.reuses ?? useCache,
  };
}

export function toImageView(request: Pick<GenerateRequest, ImageViewOption>): ImageView {
  return {
    fit: request.fit,
    detail: request.detail,
    targetLatencyMs: request.targetLatencyMs,
  };
}
