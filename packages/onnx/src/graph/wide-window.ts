/**
 * Removes windows of attention that are at least as long as the table of angles. They hide nothing, because no sequence is
 * longer than the table. Exporters write them for models that could look at a part of the sequence only, but do not.
 * Without the window, attention can be computed in the faster ways.
 */

import { ATTENTION, countAngles } from "./fuse-rotary.ts";
import type { GraphDraft } from "./graph-draft.ts";

const WINDOW = "local_window_size";
const NO_WINDOW = -1;

/** @returns how many windows were removed */
export function dropWideWindows(draft: GraphDraft): number {
  let count = 0;
  for (const attention of draft.nodes(ATTENTION)) {
    const window = attention.integers.get(WINDOW) ?? NO_WINDOW;
    const rows = countAngles(draft, attention);
    if (window === NO_WINDOW || rows === undefined || window < rows) continue;
    draft.change(attention, { integers: { [WINDOW]: NO_WINDOW } });
    count++;
  }
  return count;
}
