/**
 * Gives the attentions the length of the sequence as inputs of the graph, in place of sums over the mask. With a GPU those
 * sums were computed on the CPU, which cost a buffer and an upload for each token; and a run with a node on the CPU cannot
 * be captured.
 */

import { DATA_TYPE } from "../format/data-type.ts";
import { ATTENTION, ATTENTION_INPUT, NO_ATTENTION } from "./fuse-rotary.ts";
import type { GraphDraft } from "./graph-draft.ts";
import { RewriteLog } from "./rewrite-log.ts";
import { newInput } from "./node-writer.ts";
const NAME = "told-lengths";

/** The new input with the index of the sequence's last position, int32 [1]. */
export const LAST_POSITION = "fastvlm-kit/last_position";

/** The new input with the number of positions of the sequence, int32 [1]. It is on the CPU, unless steps are captured. */
export const TOTAL_LENGTH = "fastvlm-kit/total_length";

/**
 * Connects the attentions with the new inputs. `GroupQueryAttention` defines its two inputs as the length of the whole
 * sequence minus one, and as that length. So it does not matter how the graph computed them before.
 *
 * @returns how many attentions read the new inputs
 */
export function takeLengths(draft: GraphDraft, log = new RewriteLog()): number {
  const all = draft.nodes(ATTENTION);
  if (all.length === 0) log.miss(NAME, NO_ATTENTION);
  const attentions = all.filter(({ inputs }) =>
    [inputs[LAST], inputs[TOTAL]].every((input) => (input ?? "") !== ""),
  );
  if (attentions.length < all.length) log.miss(NAME, "attention takes no lengths");
  for (const attention of attentions) {
    const inputs = [...attention.inputs];
    const before = [inputs[LAST]!, inputs[TOTAL]!];
    [inputs[LAST], inputs[TOTAL]] = [LAST_POSITION, TOTAL_LENGTH];
    draft.change(attention, { inputs });
    for (const value of before) draft.removeUnread(value);
  }
  if (attentions.length > 0) {
    for (const name of [LAST_POSITION, TOTAL_LENGTH])
      draft.add(newInput(name, DATA_TYPE.int32, ["batch_size"]));
  }
  return attentions.length;
}

const { lastPosition: LAST, totalLength: TOTAL } = ATTENTION_INPUT;
