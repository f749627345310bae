/** Puts series of one metric beside each other, as export formats want them. */

import type { Series } from "./series.ts";

/** Returns lists that have one name and one kind each, in the order in which the names come first. */
export function groupSeries(all: readonly Series[]): readonly (readonly [Series, ...Series[]])[] {
  const groups = new Map<string, [Series, ...Series[]]>();
  for (const series of all) {
    const key = `${series.name} ${series.kind}`;
    const group = groups.get(key);
    if (group) group.push(series);
    else groups.set(key, [series]);
  }
  return [...groups.values()];
}
