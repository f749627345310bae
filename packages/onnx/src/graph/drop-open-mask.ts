/**
 * Removes the mask that SigLIP adds to its scores, where it hides nothing. The caller's mask of pixels is true everywhere,
 * because tiles are stretched and never padded, so that 0 is added to 12.6 million scores in each layer. A mask is
 * removed only if it follows from its nodes that it is 0 everywhere.
 */

import { DATA_TYPE } from "../format/data-type.ts";
import type { GraphDraft } from "./graph-draft.ts";
import { newNode } from "./node-writer.ts";
import { RewriteLog } from "./rewrite-log.ts";
import { readScalar } from "./scalar.ts";

const NAME = "no-open-mask";

/** The input of vision encoders with a mask: bool [batch, tiles, height, width]. The kit's is true everywhere. */
const PIXEL_MASK = "pixel_attention_mask";

/** Nodes whose output has numbers of their first input only, in another order or form. */
const MOVES: ReadonlySet<string> = new Set([
  ...["Cast", "Expand", "Flatten", "Gather", "GatherND", "Identity"],
  ...["Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"],
]);

/** Longer than any way from the mask of pixels to a layer. */
const MAX_STEPS = 32;

/** @returns how many were removed */
export function dropOpenMasks(draft: GraphDraft, log = new RewriteLog()): number {
  if (!draft.flow.inputs.has(PIXEL_MASK)) return 0;
  const known = new Map<string, boolean>();
  let count = 0;
  for (const softmax of draft.nodes("Softmax")) {
    const add = draft.onlyFor(softmax.inputs[0], "Add");
    const masks = add?.inputs.filter((value) => isZero(draft, value, known)) ?? [];
    const [mask] = masks;
    if (!add || mask === undefined || masks.length > 1) continue;
    const scores = add.inputs.find((value) => value !== mask)!;
    draft.replace(
      add,
      newNode({ operator: "Identity", inputs: [scores], output: add.outputs[0]! }),
    );
    draft.removeUnread(mask);
    count++;
  }
  if (count === 0) log.miss(NAME, "no mask that is open everywhere is added to scores");
  return count;
}

/** Whether the value is a choice between 0 and something else that always falls on 0. */
function isZero(draft: GraphDraft, value: string, known: Map<string, boolean>): boolean {
  const node = draft.makerOf(value);
  if (node?.operator !== "Where") return false;
  const [condition, chosen] = node.inputs;
  const tensor = draft.flow.stored(chosen ?? "");
  return (
    tensor !== undefined &&
    readScalar(draft.model.reader, tensor) === 0 &&
    isTrue(draft, condition, { steps: MAX_STEPS, known })
  );
}

interface Walk {
  /** How many nodes may still come before the value. */
  readonly steps: number;
  /** Answers of before. Without them, a chain of nodes that read one value twice would take for ever. */
  readonly known: Map<string, boolean>;
}

/** Whether all of the value is true, or 1, if all of the mask of pixels is. */
function isTrue(draft: GraphDraft, value: string | undefined, { steps, known }: Walk): boolean {
  if (value === undefined || steps === 0) return false;
  if (value === PIXEL_MASK) return true;
  const answer = known.get(value) ?? decide(draft, value, { steps, known });
  known.set(value, answer);
  return answer;
}

function decide(draft: GraphDraft, value: string, { steps, known }: Walk): boolean {
  const tensor = draft.flow.stored(value);
  if (tensor) {
    if (tensor.dataType !== DATA_TYPE.bool || !tensor.raw) return false;
    return draft.model.reader.read(tensor.raw).every((byte) => byte === 1);
  }
  const node = draft.makerOf(value);
  if (!node) return false;
  const [first, second] = node.inputs;
  const isTrueBefore = (input: string | undefined): boolean =>
    isTrue(draft, input, { steps: steps - 1, known });
  if (MOVES.has(node.operator)) return isTrueBefore(first);
  if (node.operator === "And") return isTrueBefore(first) && isTrueBefore(second);
  if (node.operator !== "Greater") return false;
  // How many pixels of a patch are in the mask: all of them, and so more than none.
  const least = draft.flow.stored(second ?? "");
  const sum = draft.makerOf(first);
  const isAboveZero = least !== undefined && readScalar(draft.model.reader, least) === 0;
  return isAboveZero && sum?.operator === "ReduceSum" && isTrueBefore(sum.inputs[0]);
}
