/**
 * `RotaryEmbedding` of queries and keys moves into the `GroupQueryAttention` behind it, which can do
 * both at once. The positions, an input of the graph before, then follow from the length of the
 * sequence: they are the same where positions are counted on from 0, as the kit does.
 */

import type { DraftNode, GraphDraft } from "./graph-draft.ts";

export const ATTENTION = "com.microsoft::GroupQueryAttention";
/** Its inputs; `cos` is the first that only a rotation needs. */
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

/** ORT refuses others. */
const HEAD_SIZE_STEP = 16;

/** @returns how many attentions rotate by now */
export function fuseRotary(draft: GraphDraft): number {
  let count = 0;
  for (const attention of draft.nodes(ATTENTION)) {
    const [query, key] = attention.inputs.map((value) => draft.onlyFor(value, ROTARY));
    if (!query || !key || query === key) continue;
    if (!isPlain(draft, attention) || !isSame(query, key)) continue;
    const [, , cos, sin] = query.inputs;
    if (!isRotation(draft, query, headSizeOf(draft, attention))) continue;
    if (!isRotation(draft, key, headSizeOf(draft, attention))) continue;

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

/** From the shape of the past keys: [batch, heads, positions, head size]. */
export function headSizeOf({ flow }: GraphDraft, { inputs }: DraftNode): number | undefined {
  return flow.inputs.get(inputs[ATTENTION_INPUT.pastKey] ?? "")?.shape?.[3];
}

/** Whether the attention takes queries, keys and values apart, and rotates nothing itself. */
function isPlain(draft: GraphDraft, { inputs, integers }: DraftNode): boolean {
  const [query, key, value] = inputs;
  const size = headSizeOf(draft, { inputs } as DraftNode);
  return (
    [query, key, value].every((name) => name !== undefined && name !== "") &&
    inputs.length >= ATTENTION_INPUT.cos &&
    inputs.slice(ATTENTION_INPUT.cos).every((name) => name === "") &&
    (integers.get("do_rotary") ?? 0) === 0 &&
    size !== undefined &&
    size % HEAD_SIZE_STEP === 0
  );
}

/** Whether two rotations turn by the same tables; that both are by the positions is asked of each. */
function isSame({ inputs: some }: DraftNode, { inputs: others }: DraftNode): boolean {
  const { cos, sin } = ROTARY_INPUT;
  return [cos, sin].every((index) => some[index] !== undefined && some[index] === others[index]);
}

/** Whether the whole of each head is rotated, half against half, by its position. */
function isRotation(draft: GraphDraft, rotary: DraftNode, headSize = 0): boolean {
  const { inputs, integers } = rotary;
  const [, positions = "", cos = "", sin = ""] = inputs;
  const size = integers.get("rotary_embedding_dim") ?? 0;
  return (
    inputs.length === 4 &&
    arePositions(draft, positions) &&
    [cos, sin].every((name) => isCache(draft, name, headSize / 2)) &&
    (integers.get("interleaved") ?? 0) === 0 &&
    (size === 0 || size === headSize) &&
    draft.hasOnly(rotary, ROTARY_ATTRIBUTES)
  );
}

function isCache(draft: GraphDraft, value: string, angles: number): boolean {
  return tableShape(draft, value)?.[1] === angles;
}

/** Of a stored table of angles, widened or not. */
function tableShape(
  { flow }: GraphDraft,
  value: string,
): readonly [positions: number, angles: number] | undefined {
  const maker = flow.makerOf(value);
  const tensor = flow.stored(maker?.operator === "Cast" ? maker.inputs[0]! : value);
  const [positions = 0, angles = 0, ...rest] = tensor?.shape ?? [];
  return tensor && rest.length === 0 ? [positions, angles] : undefined;
}

/** How many positions the attention's keys can be rotated for, by itself or by the node before it. */
export function countAngles(draft: GraphDraft, { inputs }: DraftNode): number | undefined {
  const rotary = draft.makerOf(inputs[ATTENTION_INPUT.key]);
  const cos =
    rotary?.operator === ROTARY ? rotary.inputs[ROTARY_INPUT.cos] : inputs[ATTENTION_INPUT.cos];
  return tableShape(draft, cos ?? "")?.[0];
}

/**
 * Whether the value has the numbers of {@link POSITIONS} in their order. Exporters reshape them on the way;
 * the operator then still wants [batch, new], so that the order is all that matters.
 */
function arePositions(draft: GraphDraft, value: string): boolean {
  let name = value;
  for (let steps = 0; steps <= MAX_RESHAPES; steps++) {
    if (name === POSITIONS) return draft.flow.inputs.has(POSITIONS);
    const maker = draft.makerOf(name);
    if (maker?.outputs.length !== 1 || !RESHAPES.has(maker.operator)) return false;
    name = maker.inputs[0] ?? "";
  }
  return false;
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
