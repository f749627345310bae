import type { AnswerEnd, Division, Speed, Stretch, StretchResult } from "./measure.ts";

/** A loaded decoder, wherever it runs. */
export interface Measurer {
  measure(stretch: Stretch, division: Division, end: AnswerEnd): Promise<StretchResult>;
  measureSpeed(context: readonly number[], division: Division): Promise<Speed>;
  close(): Promise<void>;
}
