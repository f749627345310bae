/** The stages of one call, one after the other. */

import type { OpsSnapshot } from "../snapshot/snapshot.ts";

type EndedCall = OpsSnapshot["calls"][number];

export interface Segment {
  readonly stage: StageName;
  readonly startMs: number;
  readonly durationMs: number;
}

type StageName = (typeof STAGES)[number][0] | "page";

const STAGES = [
  ["queue", "queueMs"],
  ["decode image", "imageDecodeMs"],
  ["prepare", "preprocessMs"],
  ["vision", "visionMs"],
  ["prefill", "prefillMs"],
  ["decode", "decodeMs"],
] as const;

/** All names, in the order of their colours. */
export const STAGE_NAMES: readonly StageName[] = ["page", ...STAGES.map(([name]) => name)];

/**
 * What of the call's time no stage has is the page's, and comes first: it takes the image, finds remembered answers, and
 * sends messages. A call that was not answered has that part only.
 */
export function toWaterfall({ durationMs, result }: EndedCall): readonly Segment[] {
  const stages = STAGES.map(([stage, key]) => ({
    stage,
    durationMs: result?.timings[key] ?? 0,
  })).filter((one) => one.durationMs > 0);
  const inWorker = stages.reduce((sum, one) => sum + one.durationMs, 0);
  let startMs = Math.max(0, durationMs - inWorker);
  const page: Segment[] = startMs > 0 ? [{ stage: "page", startMs: 0, durationMs: startMs }] : [];
  return page.concat(
    stages.map((one) => {
      const segment = { ...one, startMs };
      startMs += one.durationMs;
      return segment;
    }),
  );
}
