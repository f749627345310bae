import { expect, it } from "vitest";
import { DATA_TYPE } from "../format/data-type.ts";
import { sourceOfBytes } from "./byte-source.ts";
import { planEncoder } from "./encoder-rewrite.ts";
import { GELUS, SCALARS } from "./fixtures/activations.ts";
import { buildModel, stored, type ModelSpec, type NodeSpec } from "./fixtures/build-model.ts";
import { outlineModel } from "./model-outline.ts";

it("fuses GELU by tanh, and leaves the exact one", () => {
  const around = (nodes: NodeSpec[]): NodeSpec[] => [
    one("Neg", ["x"], "from"),
    ...nodes,
    one("Neg", ["to"], "y"),
  ];
  const byTanh = GELUS["nodes of its approximation"]!("from", "to");
  expect(countOf("fused-gelu", { nodes: around(byTanh) })).toBe(1);
  expect(countOf("fused-gelu", { nodes: around(GELUS["five nodes"]!("from", "to")) })).toBe(0);
});

it("removes a mask that hides nothing", () => {
  expect(countOf("no-open-mask", masked())).toBe(1);
});

it.each<[string, Parameters<typeof masked>[0]]>([
  ["that hides a position by itself", { kept: [1, 0, 1, 1] }],
  ["that hides what the pixels' mask shows", { order: ["lowest", "zero"] }],
  ["of the pixels", { from: "pixel_values" }],
  ["with a bias for what is shown", { order: ["bias", "lowest"] }],
])("keeps a mask %s", (_, how) => {
  expect(countOf("no-open-mask", masked(how))).toBe(0);
});

it("follows a mask through many nodes that each read a value twice", () => {
  const { nodes, tensors } = masked({ shown: "and 25" });
  const chain = Array.from({ length: 25 }, (_, at) => {
    const before = at === 0 ? "shown" : `and ${String(at)}`;
    return one("And", [before, before], `and ${String(at + 1)}`);
  });
  expect(countOf("no-open-mask", { nodes: [...chain, ...nodes], tensors: tensors! })).toBe(1);
});

it("looks for a GELU among nodes of very many inputs", () => {
  const many = (value: string): string[] => new Array<string>(1000).fill(value);
  const chain = Array.from({ length: 8 }, (_, at) =>
    one("Max", many(at === 0 ? "x" : `max ${String(at)}`), `max ${String(at + 1)}`),
  );
  const nodes = [...chain, one("Tanh", ["max 8"], "tanh"), one("Mul", ["tanh", "max 8"], "y")];
  expect(countOf("fused-gelu", { nodes })).toBe(0);
});

/** Attention over four patches: shown are those with a pixel in the mask, and that are kept. */
function masked({
  kept = [1, 1, 1, 1],
  order = ["zero", "lowest"],
  from = "pixel_attention_mask",
  shown = "shown",
}: {
  kept?: readonly number[];
  order?: readonly string[];
  from?: string;
  shown?: string;
} = {}): Spec {
  return {
    nodes: [
      one("Cast", [from], "numbers"),
      one("ReduceSum", ["numbers"], "counts"),
      one("Greater", ["counts", "none"], "seen"),
      one("And", ["kept", "seen"], "shown"),
      one("Where", [shown, ...order], "mask"),
      one("Add", ["x", "mask"], "masked"),
      one("Softmax", ["masked"], "y"),
    ],
    tensors: [
      stored("kept", [1, 4], Uint8Array.from(kept), "bool"),
      stored("none", [], BigInt64Array.of(0n), "int64"),
      ...[
        ["zero", 0],
        ["bias", 0.5],
        ["lowest", -3.4e38],
      ].map(([name, value]) =>
        stored(name as string, [], Float32Array.of(value as number), "float32"),
      ),
    ],
  };
}

type Spec = Pick<ModelSpec, "nodes" | "tensors">;

/** In how many places the change is made. */
function countOf(name: string, { nodes, tensors = SCALARS }: Spec): number | undefined {
  const { float32, bool } = DATA_TYPE;
  const bytes = buildModel({
    nodes,
    tensors,
    inputs: {
      x: [float32, ["n", 4]],
      pixel_values: [float32, ["n", 4]],
      pixel_attention_mask: [bool, ["n", 4]],
    },
    outputs: { y: [float32, ["n", 4]] },
  });
  const { rewrites } = planEncoder(outlineModel(sourceOfBytes(bytes), "vision")!);
  return rewrites.find((one) => one.name === name)?.applied;
}

function one(operator: string, inputs: string[], output: string): NodeSpec {
  return { operator, inputs, outputs: [output] };
}
