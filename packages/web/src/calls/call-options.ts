/** The options of calls, sorted by who needs them: the queue, the images, the worker. */

import type { GenerateRequest, ImageViewOption, OpenOptions } from "../api/calls.ts";
import type { ImageSource } from "../api/image-source.ts";
import { DEFAULT_TIMEOUT_MS } from "../protocol/options.ts";
import type { AskedCall } from "../serving/active-model.ts";
import type { TakenImages } from "../sources/take-images.ts";
import type { WireImage } from "../wire/worker-api.ts";

/** The options that say how long images may take, and how large they have to be. */
export type TakeRequest = Pick<GenerateRequest, "signal" | "timeoutMs" | "detail" | "fit">;

/** What holds for every call before its images are there. */
export function toAskedCall(
  request: TakeRequest & Pick<GenerateRequest, "priority">,
  rest: Pick<AskedCall, "isCostly" | "take" | "onEvent">,
): AskedCall {
  return {
    priority: request.priority ?? "interactive",
    signal: request.signal,
    timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    ...rest,
  };
}

/** Images that were open before the call. They stay open, and cost no time. */
export function openAlready(images: readonly WireImage[]): TakenImages {
  return { images, waitedMs: 0, release: () => undefined };
}

/** The options of an open image, which apply to every question about it. */
export function viewOf({
  fit,
  detail,
  targetLatencyMs,
}: OpenOptions): Pick<OpenOptions, ImageViewOption> {
  return {
    ...(fit !== undefined && { fit }),
    ...(detail !== undefined && { detail }),
    ...(targetLatencyMs !== undefined && { targetLatencyMs }),
  };
}

export function toList(image: GenerateRequest["image"]): readonly ImageSource[] {
  if (image === undefined) return [];
  return Array.isArray(image) ? (image as readonly ImageSource[]) : [image as ImageSource];
}
