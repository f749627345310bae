/**
 * Attentions get the last position from the caller, who knows it, instead of from a sum over the mask:
 * on a GPU that number, computed on the CPU, cost a buffer and an upload for each token.
 */

import { ATTENTION, ATTENTION_INPUT } from "./fuse-rotary.ts";
import type { GraphDraft } from "./graph-draft.ts";
import { newInput } from "./node-writer.ts";
import { DATA_TYPE } from "./tensor-outline.ts";

/** The input that they get: the index of the sequence's last position, int32 [1]. */
export const LAST_POSITION = "fastvlm-kit/last_position";

/**
 * `GroupQueryAttention` defines that input of its as the length of the whole sequence less one, so it
 * does not matter how the graph comes to it.
 *
 * @returns how many attentions get it
 */
export function takeLastPosition(draft: GraphDraft): number {
  const attentions = draft
    .nodes(ATTENTION)
    .filter(({ inputs }) => (inputs[ATTENTION_INPUT.lastPosition] ?? "") !== "");
  for (const attention of attentions) {
    const inputs = [...attention.inputs];
    const [before] = inputs.splice(ATTENTION_INPUT.lastPosition, 1, LAST_POSITION);
    draft.change(attention, { inputs });
    draft.removeUnread(before!);
  }
  if (attentions.length > 0) draft.add(newInput(LAST_POSITION, DATA_TYPE.int32, ["batch_size"]));
  return attentions.length;
}
