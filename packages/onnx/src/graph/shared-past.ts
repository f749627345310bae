/** Whether a decoder may write new keys and values behind the old ones, in the same memory. */

import { dataFlow } from "./data-flow.ts";
import { ATTENTION, ATTENTION_INPUT } from "./fuse-rotary.ts";
import { ifReadable } from "./understand.ts";
import type { GraphOutline } from "./model-outline.ts";

/** What the names of the decoder's past keys and values begin with. */
export const PAST = "past_key_values.";
const PRESENT = "present.";

/** The name of what a run makes of a past. */
export function presentOf(past: string): string {
  return past.replace(PAST, PRESENT);
}

/**
 * Only that operator reads the past, and it takes the length of what is valid from the mask, so that
 * room behind it does no harm.
 */
export function canSharePast(model: GraphOutline): boolean {
  const flow = ifReadable(() => dataFlow(model));
  if (!flow) return false;
  const pasts = [...flow.inputs.keys()].filter((name) => name.startsWith(PAST));
  return (
    pasts.length > 0 &&
    pasts.every((past) => {
      const node = flow.makerOf(presentOf(past));
      const at = node?.inputs.indexOf(past);
      const isPast = at === ATTENTION_INPUT.pastKey || at === ATTENTION_INPUT.pastValue;
      return isPast && node?.operator === ATTENTION && flow.readsOf(past) === 1;
    })
  );
}
