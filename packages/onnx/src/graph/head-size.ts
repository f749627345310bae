/**
 * Finds the size of an attention's heads in graphs whose inputs do not tell it. Since 2026 the builder of
 * onnxruntime-genai writes a name, and no number, for that size of the KV cache.
 */

import { dataFlow, type DataFlow } from "./data-flow.ts";
import { ATTENTION, ATTENTION_INPUT } from "./fuse-rotary.ts";
import type { GraphOutline } from "./model-outline.ts";
import { PAST, presentOf } from "./shared-past.ts";
import { ifReadable } from "./understand.ts";

/** The size of heads by the names of past keys and values, if the graph tells it. */
export function headSizesOf(model: GraphOutline): ReadonlyMap<string, number> {
  const flow = ifReadable(() => dataFlow(model));
  const sizes = new Map<string, number>();
  for (const name of flow?.inputs.keys() ?? []) {
    const size = flow && name.startsWith(PAST) ? headSizeOf(flow, name) : undefined;
    if (size !== undefined) sizes.set(name, size);
  }
  return sizes;
}

function headSizeOf(flow: DataFlow, past: string): number | undefined {
  const attention = flow.makerOf(presentOf(past));
  if (attention?.operator !== ATTENTION) return undefined;
  const { inputs, integers } = attention;
  const [heads = 0, kvHeads = 0] = [integers.get("num_heads"), integers.get("kv_num_heads")];
  // Without an input for keys, queries, keys and values are side by side in one value.
  const isPacked = (inputs[ATTENTION_INPUT.key] ?? "") === "";
  const columns = widthOf(flow, inputs[ATTENTION_INPUT.query]);
  const size = (columns ?? 0) / (isPacked ? heads + 2 * kvHeads : heads);
  return Number.isInteger(size) && size > 0 ? size : undefined;
}

/** How many steps the walk takes at most: from the attention through a rotation and a bias to the product. */
const MAX_DEPTH = 4;

/** The last size of a value that a product with a stored matrix makes. */
function widthOf(flow: DataFlow, value = "", depth = MAX_DEPTH): number | undefined {
  const node = flow.makerOf(value);
  if (!node || depth === 0) return undefined;
  const [first, second = ""] = node.inputs;
  switch (node.operator) {
    case "MatMul":
      return flow.stored(second)?.shape[1];
    case "com.microsoft::MatMulNBits":
      return node.integers.get("N");
    case "Add":
    case "com.microsoft::RotaryEmbedding":
      return widthOf(flow, first, depth - 1);
    default:
      return undefined;
  }
}
