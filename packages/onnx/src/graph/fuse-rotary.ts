/**
 * Moves the `RotaryEmbedding` of queries and keys into the `GroupQueryAttention` after it, which can do both at once.
 * Before, the positions were an input of the graph. After it, the operator computes them from the length of the sequence.
 * Both are the same if positions are counted from 0, as the kit does.
 */

import type { DraftNode, GraphDraft } from "./graph-draft.ts";
import { RewriteLog, shown } from "./rewrite-log.ts";

const NAME = "fused-rotation";
export const NO_ATTENTION = "no GroupQueryAttention";

export const ATTENTION = "com.microsoft::GroupQueryAttention";
/** The inputs of the attention by index. `cos` is the first one that only a rotation needs. */
export const ATTENTION_INPUT = {
  query: 0,
  key: 1,
  value: 2,
  pastKey: 3,
  pastValue: 4,
  lastPosition: 5,
  totalLength: 6,
  cos: 7,
} as const;
const ROTARY = "com.microsoft::RotaryEmbedding";
const ROTARY_INPUT = { value: 0, positions: 1, cos: 2, sin: 3 } as const;
/** The decoder's input with the index of each new position, [batch, new]. */
export const POSITIONS = "position_ids";
const ROTARY_ATTRIBUTES: ReadonlySet<string> = new Set([
  "interleaved",
  "num_heads",
  "rotary_embedding_dim",
]);

/** ONNX Runtime refuses heads whose size is not a multiple of this. */
const HEAD_SIZE_STEP = 16;

/** @returns how many attentions rotate afterwards */
export function fuseRotary(draft: GraphDraft, log = new RewriteLog()): number {
  let count = 0;
  const attentions = draft.nodes(ATTENTION);
  if (attentions.length === 0) log.miss(NAME, NO_ATTENTION);
  for (const attention of attentions) {
    if (attention.integers.get("do_rotary") === 1) continue; // The attention rotates already.
    const [query, key] = attention.inputs.map((value) => draft.onlyFor(value, ROTARY));
    if (!query || !key || query === key) {
      log.miss(NAME, "queries and keys do not each come of a RotaryEmbedding of their own");
      continue;
    }
    const size = headSizeOf(draft, attention);
    const reason =
      whyNotPlain(draft, attention) ??
      (isSame(query, key) ? undefined : "queries and keys are rotated by different tables") ??
      whyNoRotation(draft, query, size) ??
      whyNoRotation(draft, key, size);
    if (reason !== undefined) {
      log.miss(NAME, reason);
      continue;
    }
    const [, , cos, sin] = query.inputs;

    const others = attention.inputs.slice(ATTENTION_INPUT.value, ATTENTION_INPUT.cos);
    for (const rotary of [query, key]) {
      draft.remove(rotary);
      draft.removeUnread(rotary.inputs[ROTARY_INPUT.positions]!);
    }
    draft.change(attention, {
      inputs: [query.inputs[0]!, key.inputs[0]!, ...others, cos!, sin!],
      integers: { do_rotary: 1, rotary_interleaved: 0 },
    });
    count++;
  }
  return count;
}

/** The size of heads, from the shape of the past keys: [batch, heads, positions, head size]. */
export function headSizeOf(
  { flow }: GraphDraft,
  { inputs }: Pick<DraftNode, "inputs">,
): number | undefined {
  return flow.inputs.get(inputs[ATTENTION_INPUT.pastKey] ?? "")?.shape?.[3];
}

/** Why the attention does not read queries, keys and values as three values, or cannot rotate them. */
function whyNotPlain(draft: GraphDraft, { inputs }: DraftNode): string | undefined {
  const [query, key, value] = inputs;
  const size = headSizeOf(draft, { inputs });
  if ([query, key, value].some((name) => name === undefined || name === ""))
    return "attention takes queries, keys and values in one value";
  if (inputs.length < ATTENTION_INPUT.cos) return "attention has fewer inputs than are known";
  if (inputs.slice(ATTENTION_INPUT.cos).some((name) => name !== ""))
    return "attention has more inputs than are known";
  if (size === undefined) return "the size of heads is not a number in the file";
  return size % HEAD_SIZE_STEP === 0 ? undefined : `heads of ${String(size)} numbers`;
}

/** Whether two rotations use the same tables. That each uses the positions is checked elsewhere. */
function isSame({ inputs: some }: DraftNode, { inputs: others }: DraftNode): boolean {
  const { cos, sin } = ROTARY_INPUT;
  return [cos, sin].every((index) => some[index] !== undefined && some[index] === others[index]);
}

/** Why the node does not rotate each whole head by its position, the first half against the second. */
function whyNoRotation(draft: GraphDraft, rotary: DraftNode, headSize = 0): string | undefined {
  const { inputs, integers } = rotary;
  const [, positions = "", cos = "", sin = ""] = inputs;
  const size = integers.get("rotary_embedding_dim") ?? 0;
  if (inputs.length !== 4) return "RotaryEmbedding has other inputs than are known";
  const isTable = [cos, sin].every((name) => isCache(draft, name, headSize / 2));
  if (!isTable) return "the tables of angles are not stored, or are for other heads";
  if ((integers.get("interleaved") ?? 0) !== 0) return "neighbours are rotated, not halves";
  if (size !== 0 && size !== headSize) return "a part of each head is rotated";
  const odd = draft.attributeBeside(rotary, ROTARY_ATTRIBUTES);
  if (odd !== undefined) return `RotaryEmbedding has the unknown attribute ${shown(odd)}`;
  return whyNoPositions(draft, positions);
}

function isCache(draft: GraphDraft, value: string, angles: number): boolean {
  return tableShape(draft, value)?.[1] === angles;
}

/** The shape of a stored table of angles, converted from float16 or not. */
function tableShape(
  { flow }: GraphDraft,
  value: string,
): readonly [positions: number, angles: number] | undefined {
  const maker = flow.makerOf(value);
  const tensor = flow.stored(maker?.operator === "Cast" ? maker.inputs[0]! : value);
  const [positions = 0, angles = 0, ...rest] = tensor?.shape ?? [];
  return tensor && rest.length === 0 ? [positions, angles] : undefined;
}

/** For how many positions the keys of an attention can be rotated, by itself or by the node before it. */
export function countAngles(draft: GraphDraft, { inputs }: DraftNode): number | undefined {
  const rotary = draft.makerOf(inputs[ATTENTION_INPUT.key]);
  const cos =
    rotary?.operator === ROTARY ? rotary.inputs[ROTARY_INPUT.cos] : inputs[ATTENTION_INPUT.cos];
  return tableShape(draft, cos ?? "")?.[0];
}

/**
 * Why the value does not have the numbers of {@link POSITIONS} in their order. Exporters reshape them before the operator,
 * which needs [batch, new] again. So only the order matters.
 */
function whyNoPositions(draft: GraphDraft, value: string): string | undefined {
  let name = value;
  for (let steps = 0; steps <= MAX_RESHAPES; steps++) {
    if (name === POSITIONS && draft.flow.inputs.has(POSITIONS)) return undefined;
    const maker = draft.makerOf(name);
    if (!maker) return `positions come from ${shown(name)}, not from ${POSITIONS}`;
    if (maker.outputs.length !== 1 || !RESHAPES.has(maker.operator))
      return `${POSITIONS} pass through an unknown node ${shown(maker.operator)}`;
    name = maker.inputs[0] ?? "";
  }
  return `${POSITIONS} pass through more than ${String(MAX_RESHAPES)} nodes`;
}

/** Operators whose result has the numbers of their first input, in the same order. */
const RESHAPES: ReadonlySet<string> = new Set([
  "Identity",
  "Reshape",
  "Squeeze",
  "Unsqueeze",
  "Flatten",
]);

const MAX_RESHAPES = 8;
