/** The last ten minutes in slots of five seconds, for questions about less than a minute. */

import { createSeriesSet, mergeSeries, type SeriesSet } from "./series-set.ts";
import type { Point, Series } from "./series.ts";

const SLOT_MS = 5_000;
export const MAX_WINDOW_MS = 600_000;

export interface RecentSeries {
  add(point: Point, at: number): void;
  /** What was measured in the last `windowMs`, to the precision of a slot. */
  list(windowMs: number, now: number): readonly Series[];
}

export function createRecentSeries(): RecentSeries {
  const setsBySlot = new Map<number, SeriesSet>();
  const slotOf = (at: number): number => Math.floor(at / SLOT_MS);

  const forgetBefore = (slot: number): void => {
    for (const one of setsBySlot.keys()) if (one < slot) setsBySlot.delete(one);
  };

  return {
    add(point, at) {
      const slot = slotOf(at);
      let set = setsBySlot.get(slot);
      if (!set) {
        forgetBefore(slotOf(at - MAX_WINDOW_MS));
        set = createSeriesSet();
        setsBySlot.set(slot, set);
      }
      set.add(point, at);
    },
    list(windowMs, now) {
      const [first, last] = [slotOf(now - windowMs), slotOf(now)];
      const sets = [...setsBySlot].filter(([slot]) => slot > first && slot <= last);
      return mergeSeries(...sets.map(([, set]) => set.list()));
    },
  };
}
