/** Answers that turn in a circle, as broken weights and broken kernels give them. */

/** A right model writes rulers and tables too: shorter runs of one token are none of its faults. */
const MIN_RUN = 12;

/** Longer cycles are sentences, and a model that is asked twice may say one twice. */
const MAX_PERIOD = 8;

/** So many tokens in a row belong to a cycle before it counts: three turns of the longest. */
const MIN_CYCLE = 24;

/**
 * The cycle that an answer is caught in.
 *
 * @param ids of an answer that was chosen greedily, up to where it ended
 * @returns the tokens that repeat, or undefined: one token 12 times in a row anywhere, or 2 to 8 tokens that
 *   fill the answer's last 24
 */
export function findLoop(ids: readonly number[]): readonly number[] | undefined {
  for (let from = 0; from + MIN_RUN <= ids.length; from++) {
    const run = ids.slice(from, from + MIN_RUN);
    if (run.every((id) => id === run[0])) return run.slice(0, 1);
  }
  const end = ids.slice(-MIN_CYCLE);
  if (end.length < MIN_CYCLE) return undefined;
  for (let period = 2; period <= MAX_PERIOD; period++) {
    if (end.every((id, at) => at < period || id === end[at - period])) return end.slice(-period);
  }
  return undefined;
}
