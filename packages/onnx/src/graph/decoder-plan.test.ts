import { describe, expect, it } from "vitest";
import { planDecoder } from "./decoder-rewrite.ts";
import type { NodeSpec } from "./fixtures/build-model.ts";
import { layer, OPTIONS, outlineOf, type Spec } from "./fixtures/one-layer-decoder.ts";
import type { RewriteName } from "./rewrite-report.ts";

describe("planDecoder", () => {
  it.each<[string, Spec, RewriteName, string]>([
    [
      "positions that are computed",
      {
        nodes: [
          { operator: "Foo", inputs: ["position_ids"], outputs: ["positions"] },
          ...layer({ positions: "positions" }),
        ],
      },
      "fused-rotation",
      "position_ids pass through an unknown node Foo",
    ],
    [
      "positions of another name",
      { nodes: layer({ positions: "others" }) },
      "fused-rotation",
      "positions come from others, not from position_ids",
    ],
    [
      "rotations of neighbours",
      { nodes: layer({ rotary: { integers: { interleaved: 1 } } }) },
      "fused-rotation",
      "neighbours are rotated, not halves",
    ],
    [
      "attention that does not rotate",
      { nodes: layer({ positions: "others" }) },
      "joined-products",
      "attention does not rotate queries and keys itself",
    ],
    [
      "products that differ",
      { nodes: layer({ product: { k: { integers: { block_size: 16 } } } }) },
      "joined-products",
      "the products of q, k and v are not alike",
    ],
    [
      "weights that differ in kind",
      { nodes: layer({ bias: { k: undefined } }) },
      "joined-products",
      "weights of q, k and v differ in kind",
    ],
    [
      "a bias for all outputs at once",
      { nodes: layer({ bias: { q: "k bias" } }) },
      "fused-biases",
      "what is added to a product is not one number for each output",
    ],
    [
      "a product with an unknown attribute",
      { nodes: layer({ product: { q: { integers: { odd: 1 } } } }) },
      "fused-biases",
      "a product has the unknown attribute odd",
    ],
    [
      "logits behind a node that is not known",
      { nodes: [...layer().slice(0, -1), ...behindFoo()] },
      "last-logits",
      "between the product with the vocabulary and the logits is a node Foo",
    ],
  ])("says of %s why a change is not made", (_, spec, name, reason) => {
    const { rewrites } = planDecoder(outlineOf(spec), OPTIONS);
    const { missed } = rewrites.find((one) => one.name === name)!;
    expect(missed).toEqual([reason]);
  });

  it("has no reasons to give where all is done, whatever the device", () => {
    const { rewrites } = planDecoder(outlineOf({}), OPTIONS);
    expect(rewrites.flatMap(({ missed }) => missed)).toEqual([]);
    expect(rewrites.map(({ name, applied }) => [name, applied])).toEqual([
      ["last-logits", 1],
      ["no-wide-window", 0],
      ["fused-biases", 3],
      ["fused-rotation", 1],
      ["joined-products", 1],
      ["told-lengths", 1],
    ]);
  });
});

function behindFoo(): NodeSpec[] {
  return [
    { operator: "MatMul", inputs: ["attention", "vocabulary"], outputs: ["raw"] },
    { operator: "Foo", inputs: ["raw"], outputs: ["logits"] },
  ];
}
