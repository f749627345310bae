/** Finds answers that repeat themselves without end, which broken weights and broken kernels cause. */

/** The shortest run of one token that counts. A right model also repeats a token, for instance in a line or a table. */
const MIN_RUN = 12;

/** The longest cycle that counts. Longer ones are sentences, and a right model may say a sentence twice. */
const MAX_PERIOD = 8;

/** How many tokens in a row have to belong to a cycle: three turns of the longest. */
const MIN_CYCLE = 24;

/**
 * Finds the cycle in which an answer is caught.
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
