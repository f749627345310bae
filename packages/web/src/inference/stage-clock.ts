/** Measures the stages of one call. */

import type { Timings } from "../protocol/result.ts";
import { noTimeYet, type StageTimings } from "../protocol/stages.ts";

/** Stages follow each other without gaps. The time since the last end is counted for the stage that ends now. */
export interface StageClock {
  end(stage: keyof StageTimings): void;
  finish(): Timings;
}

/** @param startedAt the start of the first stage, in milliseconds of `performance.now()` */
export function createStageClock(startedAt: number): StageClock {
  const durations = noTimeYet();
  let last = startedAt;
  return {
    end(stage) {
      const now = performance.now();
      durations[stage] += now - last;
      last = now;
    },
    finish() {
      const { imageDecodeMs, preprocessMs, visionMs, prefillMs } = durations;
      return {
        ...durations,
        timeToFirstTokenMs: imageDecodeMs + preprocessMs + visionMs + prefillMs,
        totalMs: performance.now() - startedAt,
      };
    },
  };
}
