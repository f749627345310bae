/** Tells whether a decoder may write new keys and values after the old ones, in the same memory. */

import { dataFlow } from "./data-flow.ts";
import { ATTENTION, ATTENTION_INPUT } from "./fuse-rotary.ts";
import { ifReadable } from "./understand.ts";
import type { GraphOutline } from "./model-outline.ts";

/** The beginning of the names of the decoder's past keys and values. */
export const PAST = "past_key_values.";
const PRESENT = "present.";

/** The name of the output that continues a past. */
export function presentOf(past: string): string {
  return past.replace(PAST, PRESENT);
}

/**
 * True if only `GroupQueryAttention` reads the past. It takes the valid length from the mask, so unused room after it
 * does no harm.
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
