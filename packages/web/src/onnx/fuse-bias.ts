/** `MatMulNBits` and the `Add` of a stored vector behind it become one node: it has an input for that. */

import type { DraftNode, GraphDraft } from "./graph-draft.ts";

export const PRODUCT = "com.microsoft::MatMulNBits";
export const PRODUCT_INPUT = {
  value: 0,
  weight: 1,
  scales: 2,
  zeroPoints: 3,
  groups: 4,
  bias: 5,
} as const;

/** Attributes that say how the weights are stored, and no more. */
export const PRODUCT_ATTRIBUTES: ReadonlySet<string> = new Set([
  "K",
  "N",
  "bits",
  "block_size",
  "accuracy_level",
]);

/** @returns how many */
export function fuseBiases(draft: GraphDraft): number {
  let count = 0;
  for (const add of draft.nodes("Add")) {
    const found = findProduct(draft, add);
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
): { product: DraftNode; bias: string } | undefined {
  for (const [value, bias] of [
    [first, second],
    [second, first],
  ]) {
    const product = draft.onlyFor(value, PRODUCT);
    if (product && bias !== undefined && canTake(draft, product, bias)) return { product, bias };
  }
  return undefined;
}

function canTake(draft: GraphDraft, product: DraftNode, bias: string): boolean {
  const { flow } = draft;
  const tensor = flow.stored(bias);
  const scales = flow.stored(product.inputs[PRODUCT_INPUT.scales] ?? "");
  return (
    tensor?.shape.length === 1 &&
    tensor.shape[0] === product.integers.get("N") &&
    tensor.dataType === scales?.dataType &&
    (product.inputs[PRODUCT_INPUT.bias] ?? "") === "" &&
    draft.hasOnly(product, PRODUCT_ATTRIBUTES)
  );
}
