/** Merges `MatMulNBits` and the `Add` of a stored vector after it into one node, which has an input for the bias. */

import type { DraftNode, GraphDraft } from "./graph-draft.ts";
import type { StoredTensor } from "./model-outline.ts";
import { RewriteLog, shown } from "./rewrite-log.ts";

const NAME = "fused-biases";

export const PRODUCT = "com.microsoft::MatMulNBits";
export const PRODUCT_INPUT = {
  value: 0,
  weight: 1,
  scales: 2,
  zeroPoints: 3,
  groups: 4,
  bias: 5,
} as const;

/** Attributes that only say how the weights are stored. */
export const PRODUCT_ATTRIBUTES: ReadonlySet<string> = new Set([
  "K",
  "N",
  "bits",
  "block_size",
  "accuracy_level",
]);

/** @returns how many were merged */
export function fuseBiases(draft: GraphDraft, log = new RewriteLog()): number {
  let count = 0;
  if (draft.nodes(PRODUCT).length === 0) log.miss(NAME, "no products of 4-bit weights");
  for (const add of draft.nodes("Add")) {
    const found = findProduct(draft, add, log);
    if (!found) continue;
    const { product, bias } = found;
    const inputs = Array.from(
      { length: PRODUCT_INPUT.bias },
      (_, index) => product.inputs[index] ?? "",
    );
    draft.remove(add);
    draft.change(product, { inputs: [...inputs, bias], outputs: add.outputs });
    count++;
  }
  return count;
}

function findProduct(
  draft: GraphDraft,
  { inputs: [first, second] }: DraftNode,
  log: RewriteLog,
): { product: DraftNode; bias: string } | undefined {
  for (const [value, bias] of [
    [first, second],
    [second, first],
  ]) {
    const product = draft.onlyFor(value, PRODUCT);
    // What is computed is no bias, but another branch of the model.
    const tensor = draft.flow.stored(bias ?? "");
    if (!product || !tensor) continue;
    const reason = whyNot(draft, product, tensor);
    if (reason === undefined) return { product, bias: tensor.name };
    log.miss(NAME, reason);
  }
  return undefined;
}

function whyNot(draft: GraphDraft, product: DraftNode, bias: StoredTensor): string | undefined {
  const scales = draft.flow.stored(product.inputs[PRODUCT_INPUT.scales] ?? "");
  if (bias.shape.length !== 1 || bias.shape[0] !== product.integers.get("N"))
    return "what is added to a product is not one number for each output";
  if (bias.dataType !== scales?.dataType)
    return "what is added to a product is of another type than its scales";
  if ((product.inputs[PRODUCT_INPUT.bias] ?? "") !== "") return "a product has a bias already";
  const odd = draft.attributeBeside(product, PRODUCT_ATTRIBUTES);
  return odd === undefined ? undefined : `a product has the unknown attribute ${shown(odd)}`;
}
