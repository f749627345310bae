/**
 * How many workers calls need that come at random times: Erlang's formula for a queue with several servers (Agner Krarup
 * Erlang 1917, "Erlang C"). A share of busy time, such as 80 of 100, would say the same for every load, but one worker that is
 * busy half of the time makes half of the calls wait, and ten workers that are busy half of the time make next to none wait.
 */

/** So many of all calls may wait longer than they should. */
const LATE_SHARE = 0.05;

/**
 * Erlang's calls take anything from no time to very long. Those of a model are nearly equally long, and wait about half as
 * long therefore (Pollaczek and Khinchine 1930, for one server).
 */
const WAIT_OF_EQUAL_CALLS = 0.5;

/**
 * @param perMs calls per millisecond
 * @param callMs how long one takes
 * @param waitMs how long it should wait at most
 * @returns the least number of workers with which few calls wait longer; at most `most`
 */
export function workersFor(perMs: number, callMs: number, waitMs: number, most: number): number {
  const busy = perMs * callMs;
  if (busy <= 0) return 0;
  // The chance that all of `count` workers are busy, if calls that find them so went away ("Erlang B").
  let allBusy = 1;
  for (let count = 1; count <= most; count++) {
    allBusy = (busy * allBusy) / (count + busy * allBusy);
    if (count <= busy) continue;
    const waits = (count * allBusy) / (count - busy * (1 - allBusy));
    const late = waits * Math.exp((-(count - busy) * waitMs) / (callMs * WAIT_OF_EQUAL_CALLS));
    if (late <= LATE_SHARE) return count;
  }
  return most;
}
