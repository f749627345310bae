/**
 * How fast a node answers, as a moving average that follows a slow answer at once and forgets it slowly: the peak-sensitive
 * average of Twitter's Finagle ("peak EWMA"). Without answers it falls, so that a node that was slow is tried again.
 */

/** After this time an answer counts for 1/e of what it did, in milliseconds; Finagle's default. */
const FORGOTTEN_AFTER_MS = 10_000;

/** A call to a node without answers says something only after this long, in milliseconds: an app may give up at once. */
const TELLS_AFTER_MS = 1_000;

export interface Latency {
  /** Counts an answer that took this long. */
  note(milliseconds: number): void;
  /**
   * Counts a call that ended after this long without an answer, because it was given up or another node was faster. The node
   * takes at least this long.
   */
  noteUnanswered(milliseconds: number): void;
  /** In milliseconds; undefined before the first answer. */
  read(): number | undefined;
}

/** @param now returns a time in milliseconds that never goes back */
export function createLatency(now: () => number = () => performance.now()): Latency {
  let average: number | undefined;
  let notedAt = 0;

  const note = (milliseconds: number): void => {
    const elapsed = now() - notedAt;
    notedAt = now();
    if (average === undefined || milliseconds > average) {
      average = milliseconds;
      return;
    }
    const kept = Math.exp(-elapsed / FORGOTTEN_AFTER_MS);
    average = average * kept + milliseconds * (1 - kept);
  };

  const read = (): number | undefined => {
    if (average !== undefined) note(0);
    return average;
  };

  return {
    note,
    noteUnanswered(milliseconds) {
      if (milliseconds > (read() ?? TELLS_AFTER_MS)) note(milliseconds);
    },
    read,
  };
}
