/** What a call that ended adds to the metrics, beyond those that the SDK reports by itself. */

import type { EndedCall } from "@fastvlm-kit/web";
import type { Point } from "../series/series.ts";

/** Errors whose reason is what the caller asked for, and not the kit or the device. */
const REFUSALS = new Set([
  "context-overflow",
  "image-unsupported",
  "image-too-large",
  "image-unreadable",
  "image-fetch-failed",
  "network-forbidden",
  "license-not-accepted",
  "queue-full",
  "rate-limited",
  "TypeError",
  "InvalidStateError",
]);

/**
 * `vlm.calls`: one for each call, with its task, outcome and type of error. A failure that is the
 * caller's, such as an image that is damaged, has the outcome `refused`. `vlm.call.images`: one for each image, with
 * its kind. `vlm.call.duration`: of answered calls, as the app sees it. `vlm.call.speed`: output tokens a second.
 */
export function pointsOfCall(call: EndedCall): readonly Point[] {
  const { task, outcome, errorType, imageKinds, result, durationMs } = call;
  const isRefusal = errorType !== undefined && REFUSALS.has(errorType);
  const how = result && { "vlm.device": result.device, "vlm.cached": result.cached };
  const points: Point[] = [
    {
      name: "vlm.calls",
      unit: "1",
      value: 1,
      attributes: {
        "vlm.task": task,
        "vlm.outcome": isRefusal ? "refused" : outcome,
        ...(errorType !== undefined && { "error.type": errorType }),
        ...how,
      },
    },
    ...imageKinds.map((kind) => ({
      name: "vlm.call.images",
      unit: "1",
      value: 1,
      attributes: { "vlm.image.kind": kind },
    })),
  ];
  if (!result || !how) return points;
  const { tokensPerSecond } = result;
  points.push({
    name: "vlm.call.duration",
    unit: "s",
    value: durationMs / 1000,
    attributes: how,
  });
  if (tokensPerSecond > 0) {
    const attributes = { "vlm.device": result.device };
    points.push({ name: "vlm.call.speed", unit: "{token}/s", value: tokensPerSecond, attributes });
  }
  return points;
}
