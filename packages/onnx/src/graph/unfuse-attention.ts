/**
 * Replaces `GroupQueryAttention` by plain matrix products that compute the same. On the CPU, ORT's kernel for the operator
 * takes eight times as long for a prompt as the products (decisions/2026-11-24-attention-on-the-cpu.md). On the GPU the
 * operator is faster.
 *
 * G heads of queries share one head of keys. Their rows are put one below the other, so that one product serves all of
 * them and no key is copied. A bias says which positions each position may look at, because this is the same for every
 * layer.
 */

import { DATA_TYPE } from "../format/data-type.ts";
import { ATTENTION, ATTENTION_INPUT, NO_ATTENTION } from "./fuse-rotary.ts";
import type { DraftNode, GraphDraft } from "./graph-draft.ts";
import { newInput, newIntegers, newNode } from "./node-writer.ts";
import type { Piece } from "./pieces.ts";
import { RewriteLog, shown } from "./rewrite-log.ts";
/**
 * The new input of the attentions, which is added to the scores: [new positions, room for the past + new positions]. It is
 * 0 where a position may look. Elsewhere it is far below any score: for later positions, and for room that is empty.
 */
export const ATTENTION_BIAS = "fastvlm-kit/attention_bias";

const REWRITE = "unfused-attention";
const NAME = "fastvlm-kit/attention";
const CONTRIB = "com.microsoft";

/** The first opset whose Softmax runs over one axis. */
const MIN_OPSET = 13;

/** The attributes that are understood. Any other may change the result. */
const ATTRIBUTES: ReadonlySet<string> = new Set([
  "num_heads",
  "kv_num_heads",
  "scale",
  "do_rotary",
  "rotary_interleaved",
  "local_window_size",
  "softcap",
  "smooth_softmax",
]);

interface Heads {
  readonly queries: number;
  readonly keys: number;
  readonly size: number;
  readonly scale: number;
}

/**
 * Replaces all attentions, if no node reads the keys and values that they write.
 *
 * @returns how many were replaced: all, or none
 */
export function unfuseAttention(draft: GraphDraft, log = new RewriteLog()): number {
  const miss = (reason: string): number => {
    log.miss(REWRITE, reason);
    return 0;
  };
  const { opset } = draft.model;
  if (opset < MIN_OPSET) return miss(`opset ${String(opset)}, ${String(MIN_OPSET)} is needed`);
  const found: { readonly node: DraftNode; readonly heads: Heads }[] = [];
  for (const node of draft.nodes(ATTENTION)) {
    const heads = headsOf(draft, node);
    if (typeof heads === "string") return miss(heads);
    found.push({ node, heads });
  }
  const [first] = found;
  if (!first) return miss(NO_ATTENTION);
  // All have to have the same shape, so that its numbers are stored once.
  if (!found.every(({ heads }) => isSame(heads, first.heads)))
    return miss("layers have heads of different sizes");

  for (const [index, { node, heads }] of found.entries())
    draft.replace(node, productsOf(node, heads, `${NAME}/${String(index)}`));
  draft.add(
    newInput(ATTENTION_BIAS, DATA_TYPE.float32, ["sequence_length", "room_and_sequence_length"]),
  );
  for (const [name, shape] of Object.entries(shapesOf(first.heads)))
    draft.add(newIntegers(name, shape.map(BigInt)));
  return found.length;
}

/** @returns a reason if the attention does more than scale, mask and normalise */
function headsOf(draft: GraphDraft, node: DraftNode): Heads | string {
  const { inputs, integers, floats } = node;
  const past = draft.flow.inputs.get(inputs[ATTENTION_INPUT.pastKey] ?? "");
  const [queries, keys] = [integers.get("num_heads") ?? 0, integers.get("kv_num_heads") ?? 0];
  const size = past?.shape?.[3];
  const [query, key, value] = inputs;
  if ([query, key, value].some((name) => name === undefined || name === ""))
    return "attention takes queries, keys and values in one value";
  if (inputs.slice(ATTENTION_INPUT.cos).some((name) => name !== ""))
    return "attention rotates queries and keys itself, or has other inputs";
  const odd = draft.attributeBeside(node, ATTRIBUTES);
  if (odd !== undefined) return `attention has the unknown attribute ${shown(odd)}`;
  if ((integers.get("smooth_softmax") ?? 0) !== 0) return "attention with a smooth softmax";
  const window = integers.get("local_window_size") ?? -1;
  if (window !== -1) return `attention with a window of ${String(window)} positions`;
  if ((floats.get("softcap") ?? 0) !== 0) return "attention with a cap";
  if (past?.dataType !== DATA_TYPE.float32) return "past keys are not float32";
  if (size === undefined || past.shape?.[1] !== keys)
    return "the past has heads of an unknown size, or other ones than the attention";
  if (keys < 1 || queries < 1 || queries % keys !== 0)
    return `${String(queries)} heads of queries over ${String(keys)} of keys`;
  // For the operator, 0 means its default.
  return { queries, keys, size, scale: (floats.get("scale") ?? 0) || 1 / Math.sqrt(size) };
}

function isSame(some: Heads, other: Heads): boolean {
  return some.queries === other.queries && some.keys === other.keys && some.size === other.size;
}

const SHAPE = {
  grouped: `${NAME}/shape/grouped`,
  stacked: `${NAME}/shape/stacked`,
  split: `${NAME}/shape/split`,
  byHead: `${NAME}/shape/by_head`,
  byGroup: `${NAME}/shape/by_group`,
  joined: `${NAME}/shape/joined`,
} as const;

/** Shapes for `Reshape`, in which 0 keeps a size and -1 is computed from the rest. */
function shapesOf({ queries, keys, size }: Heads): Record<string, readonly number[]> {
  return {
    [SHAPE.grouped]: [0, 0, keys, queries / keys, size],
    [SHAPE.stacked]: [0, keys, -1, size],
    [SHAPE.split]: [0, 0, keys, size],
    [SHAPE.byHead]: [0, queries, -1, 0],
    [SHAPE.byGroup]: [0, keys, -1, 0],
    [SHAPE.joined]: [0, 0, queries * size],
  };
}

/** B: batch, S: new positions, R: room for the past, H heads of queries, K of keys, G = H / K, D: head size. */
function productsOf({ inputs, outputs }: DraftNode, { scale }: Heads, name: string): Piece[] {
  const [query, key, value, pastKey, pastValue] = inputs as [
    string,
    string,
    string,
    string,
    string,
  ];
  const pieces: Piece[] = [];
  const node = (
    operator: string,
    from: readonly string[],
    to: string,
    attributes: Pick<Parameters<typeof newNode>[0], "integers" | "floats" | "lists"> = {},
  ): string => {
    const output = to === outputs[0] ? to : `${name}/${to}`;
    pieces.push(...newNode({ operator, inputs: from, output, ...attributes }));
    return output;
  };
  const transpose = (from: string, to: string, order: readonly number[]): string =>
    node("Transpose", [from], to, { lists: { perm: order } });
  /** [B, S, K × D] behind [B, K, R, D] → [B, K, R + S, D] */
  const behind = (past: string, added: string, to: string): string => {
    const split = node("Reshape", [added, SHAPE.split], `${to}/split`);
    const turned = transpose(split, `${to}/turned`, [0, 2, 1, 3]);
    return node("Concat", [past, turned], to, { integers: { axis: 2 } });
  };

  const grouped = node("Reshape", [query, SHAPE.grouped], "query/grouped"); // [B, S, K, G, D]
  const turned = transpose(grouped, "query/turned", [0, 2, 3, 1, 4]);
  const rows = node("Reshape", [turned, SHAPE.stacked], "query"); // [B, K, G × S, D]
  const scores = node(
    `${CONTRIB}::FusedMatMul`,
    [rows, behind(pastKey, key, "key")],
    "scores/stacked",
    { integers: { transB: 1 }, floats: { alpha: scale } },
  );
  const byHead = node("Reshape", [scores, SHAPE.byHead], "scores"); // [B, H, S, R + S]
  const biased = node("Add", [byHead, ATTENTION_BIAS], "biased");
  const shares = node("Softmax", [biased], "shares");
  const byGroup = node("Reshape", [shares, SHAPE.byGroup], "shares/stacked"); // [B, K, G × S, R + S]
  const sums = node("MatMul", [byGroup, behind(pastValue, value, "value")], "sums/stacked");
  const ofHeads = node("Reshape", [sums, SHAPE.byHead], "sums"); // [B, H, S, D]
  const side = transpose(ofHeads, "sums/turned", [0, 2, 1, 3]);
  node("Reshape", [side, SHAPE.joined], outputs[0]!); // [B, S, H × D]
  return pieces;
}
