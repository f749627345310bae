/** Whether a decoder may write new keys and values behind the old ones, in the same memory. */

import { dataFlow } from "./data-flow.ts";
import type { ModelOutline } from "./model-outline.ts";

const PAST = "past_key_values.";
const PRESENT = "present.";
const ATTENTION = "com.microsoft::GroupQueryAttention";

/** Where that operator takes past keys and values. */
const PAST_KEY = 3;
const PAST_VALUE = 4;

/**
 * Only that operator reads the past, and it takes the length of what is valid from the mask, so that
 * room behind it does no harm.
 */
export function canSharePast(model: ModelOutline): boolean {
  const flow = orUndefined(() => dataFlow(model));
  if (!flow) return false;
  const pasts = [...flow.inputs.keys()].filter((name) => name.startsWith(PAST));
  return (
    pasts.length > 0 &&
    pasts.every((past) => {
      const node = flow.makerOf(past.replace(PAST, PRESENT));
      const at = node?.inputs.indexOf(past);
      const isPast = at === PAST_KEY || at === PAST_VALUE;
      return isPast && node?.operator === ATTENTION && flow.readsOf(past) === 1;
    })
  );
}

function orUndefined<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined; // A damaged file: ORT has the last word on it.
  }
}
