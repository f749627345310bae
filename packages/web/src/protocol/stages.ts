/** The stages that a call goes through, in order. Timings, metrics and deadlines name them after this list. */

import type { MetricName } from "./metric.ts";
import type { Timings } from "./result.ts";

interface Stage {
  /** What a deadline calls it. */
  readonly name: string;
  /** Where its time stands in a result. */
  readonly timing: keyof Timings;
  readonly metric: MetricName;
  /** What a call without images skips. */
  readonly isOfImages: boolean;
  /** What an answer from the cache skips. */
  readonly isOfModel: boolean;
}

export const STAGES = [
  {
    name: "queue",
    timing: "queueMs",
    metric: "vlm.queue.wait.duration",
    isOfImages: false,
    isOfModel: false,
  },
  {
    name: "image",
    timing: "imageDecodeMs",
    metric: "vlm.image.decode.duration",
    isOfImages: true,
    isOfModel: false,
  },
  {
    name: "image",
    timing: "preprocessMs",
    metric: "vlm.preprocess.duration",
    isOfImages: true,
    isOfModel: false,
  },
  {
    name: "vision",
    timing: "visionMs",
    metric: "vlm.vision.duration",
    isOfImages: true,
    isOfModel: true,
  },
  {
    name: "prefill",
    timing: "prefillMs",
    metric: "vlm.prefill.duration",
    isOfImages: false,
    isOfModel: true,
  },
  {
    name: "decode",
    timing: "decodeMs",
    metric: "vlm.decode.duration",
    isOfImages: false,
    isOfModel: true,
  },
] as const satisfies readonly Stage[];

/** The time of each stage, in milliseconds. */
export type StageTimings = Record<(typeof STAGES)[number]["timing"], number>;

/** Of a call that has gone through no stage yet. */
export function noTimeYet(): StageTimings {
  return Object.fromEntries(STAGES.map(({ timing }) => [timing, 0])) as StageTimings;
}
