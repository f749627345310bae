/**
 * Makes a run return the keys and values of the new positions only, not of the whole sequence. The outputs of the graph
 * become the new keys and values that `GroupQueryAttention` reads, in place of the joined ones that it writes. The caller
 * appends them to the old ones.
 */

import { ATTENTION, ATTENTION_INPUT } from "./fuse-rotary.ts";
import type { DraftNode, GraphDraft } from "./graph-draft.ts";
import { RewriteLog, shown } from "./rewrite-log.ts";
import { canSharePast, PAST, presentOf } from "./shared-past.ts";

const NAME = "new-positions";

/** Maps the name of a past to the output with its new part: [batch, new positions, heads × head size]. */
export type NewPositions = ReadonlyMap<string, string>;

/** For each input with a past, the input with its new part. */
const CONTINUED_BY = new Map<number, number>([
  [ATTENTION_INPUT.pastKey, ATTENTION_INPUT.key],
  [ATTENTION_INPUT.pastValue, ATTENTION_INPUT.value],
]);

/** @returns undefined, without any change, if one layer has no such value */
export function outputNewPositions(
  draft: GraphDraft,
  log = new RewriteLog(),
): NewPositions | undefined {
  const { flow } = draft;
  if (!canSharePast(draft.model)) {
    log.miss(NAME, "something else than GroupQueryAttention reads past keys or values");
    return undefined;
  }
  const attentions = draft.nodes(ATTENTION);
  const found = new Map<string, string>();
  const values = new Set<string>();
  for (const past of flow.inputs.keys()) {
    if (!past.startsWith(PAST)) continue;
    const value = newValueOf(attentions, past);
    const isOutput = value === undefined || flow.outputs.has(value) || values.has(value);
    if (isOutput || !flow.makerOf(value) || !flow.outputs.has(presentOf(past))) {
      log.miss(NAME, `what continues ${shown(past)} is not computed by itself`);
      return undefined;
    }
    found.set(past, value);
    values.add(value);
  }
  for (const [past, value] of found) draft.replaceOutput(flow.outputs.get(presentOf(past))!, value);
  return found;
}

function newValueOf(attentions: readonly DraftNode[], past: string): string | undefined {
  for (const { inputs, integers } of attentions) {
    const at = CONTINUED_BY.get(inputs.indexOf(past));
    if (at === undefined) continue;
    // If the attention rotates keys, its input has them before the rotation, and it keeps them after it.
    const isKept = at === ATTENTION_INPUT.value || (integers.get("do_rotary") ?? 0) === 0;
    return isKept ? inputs[at] : undefined;
  }
  return undefined;
}
