/** When calls arrive, and how long each takes: the same for every rule that is compared. */

import { AZURE_CODE_2023 } from "./azure-code-2023.ts";
import type { Kit } from "./measured.ts";
import { createRandom } from "../random.ts";

export interface SimulatedCall {
  /** When it is made, in milliseconds. */
  readonly at: number;
  /** How long a worker computes it. */
  readonly computeMs: number;
}

export interface Trace {
  readonly name: string;
  readonly calls: readonly SimulatedCall[];
}

const MINUTE = 60_000;

/** The public trace comes from servers with many GPUs. Its time is stretched, so that its busiest second is work for a page. */
const AZURE_STRETCH = 3;

/** So many calls at once are a burst. */
const BURST = 24;

/**
 * Traces of the same load for quick and for slow kits: rates are in calls for each call's time, so that "2" is what keeps two
 * workers busy.
 *
 * @param seed of the chance in them
 */
export function createTraces(kit: Kit, seed: number): readonly Trace[] {
  const random = createRandom(seed);
  const scale = kit.meanMs / 300; // Traces are as long in calls for every kit.
  const minutes = (count: number): number => count * MINUTE * scale;
  const trace = (name: string, arrivals: readonly number[]): Trace => ({
    name,
    calls: [...arrivals].sort((a, b) => a - b).map((at) => ({ at, computeMs: kit.draw(random()) })),
  });
  const comeAtRandom = (untilMs: number, busyAt: (share: number) => number): number[] => {
    const arrivals: number[] = [];
    let now = 0;
    while (now < untilMs) {
      // A rate that changes: calls of the highest rate, of which chance keeps as many as should come (Lewis and Shedler 1979).
      now -= (Math.log(1 - random()) * kit.meanMs) / MOST_BUSY;
      if (now < untilMs && random() < busyAt(now / untilMs) / MOST_BUSY) arrivals.push(now);
    }
    return arrivals;
  };
  const bursts = Array.from({ length: 6 }, (_, index) =>
    Array<number>(BURST).fill(minutes(index) + minutes(0.2)),
  );
  return [
    trace(
      "steady, work for 0.5 workers",
      comeAtRandom(minutes(6), () => 0.5),
    ),
    trace(
      "steady, work for 2 workers",
      comeAtRandom(minutes(6), () => 2),
    ),
    trace(
      "ramp up to 3 workers and down",
      comeAtRandom(minutes(6), (share) => 3 * (1 - Math.abs(1 - 2 * share))),
    ),
    trace(`bursts of ${String(BURST)} calls`, [
      ...bursts.flat(),
      ...comeAtRandom(minutes(6), () => 0.1),
    ]),
    trace(
      "wave of three minutes",
      comeAtRandom(minutes(9), (share) => 1.4 - 1.3 * Math.cos(share * 6 * Math.PI)),
    ),
    trace(
      `Azure LLM trace 2023, time times ${String(AZURE_STRETCH)}`,
      AZURE_CODE_2023.map((at) => at * AZURE_STRETCH * scale),
    ),
  ];
}

/** Above every rate of the traces that come at random. */
const MOST_BUSY = 4;
