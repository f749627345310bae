import { describe, expect, it } from "vitest";
import { OnnxError } from "../errors.ts";
import { sourceOfBytes } from "./byte-source.ts";
import { dataFlow } from "./data-flow.ts";
import { buildModel, stored, type ModelSpec, type NodeSpec } from "./fixtures/build-model.ts";
import { lastLogits } from "./last-logits.ts";
import { outlineModel, type GraphOutline } from "./model-outline.ts";
import { messageField, stringField } from "./pieces.ts";
import { skeletonOf } from "./skeleton.ts";
const WIDTH = 4;
const VOCAB = 6;
const FREE = ["batch_size", "sequence_length"];
const WEIGHT = stored("weight", [WIDTH, VOCAB], new Float32Array(WIDTH * VOCAB), "float32");
const VECTOR = stored("vector", [VOCAB], new Float32Array(VOCAB), "float32");
const PRODUCT: NodeSpec = { operator: "MatMul", inputs: ["hidden", "weight"], outputs: ["logits"] };

const INT8: NodeSpec[] = [
  {
    operator: "DynamicQuantizeLinear",
    inputs: ["hidden"],
    outputs: ["levels", "scale", "zero"],
  },
  { operator: "MatMulInteger", inputs: ["levels", "weight", "zero"], outputs: ["sums"] },
  { operator: "Cast", inputs: ["sums"], outputs: ["floats"], integers: { to: 1 } },
  { operator: "Mul", inputs: ["scale", "vector"], outputs: ["factor"] },
  { operator: "Mul", inputs: ["floats", "factor"], outputs: ["logits"] },
];

describe("lastLogits", () => {
  it.each<[string, NodeSpec[], input: string]>([
    ["a product", [PRODUCT], "hidden"],
    [
      "a product of 4-bit blocks",
      [
        {
          ...PRODUCT,
          operator: "com.microsoft::MatMulNBits",
          inputs: ["hidden", "weight", "vector"],
        },
      ],
      "hidden",
    ],
    [
      "a product in float16 that is widened, with a bias",
      [
        { ...PRODUCT, outputs: ["product"] },
        { operator: "Add", inputs: ["vector", "product"], outputs: ["sum"] },
        { operator: "Cast", inputs: ["sum"], outputs: ["logits"], integers: { to: 1 } },
      ],
      "hidden",
    ],
    [
      "a product with a matrix that is widened and turned",
      [
        { operator: "Cast", inputs: ["weight"], outputs: ["wide"], integers: { to: 1 } },
        { operator: "Transpose", inputs: ["wide"], outputs: ["turned"] },
        { ...PRODUCT, inputs: ["hidden", "turned"] },
      ],
      "hidden",
    ],
    ["a product of whole numbers", INT8, "levels"],
  ])("gives the last row to %s", (_, nodes, input) => {
    const { flow, nodeCount } = rewritten({ nodes });
    const slice = flow.makerOf("fastvlm-kit/last_row")!;
    expect(slice.operator).toBe("Slice");
    expect(slice.inputs[0]).toBe(input);
    expect(flow.readsOf("fastvlm-kit/last_row")).toBe(1);
    expect(flow.outputs.get("logits")!.shape).toEqual([undefined, 1, VOCAB]);
    expect(nodeCount).toBe(nodes.length + 1);
  });

  it("cuts behind the quantising, so that the numbers stay what they are", () => {
    const { flow } = rewritten({ nodes: INT8 });
    expect(flow.makerOf("scale")!.inputs).toEqual(["hidden"]);
    expect(flow.makerOf("sums")!.inputs).toEqual(["fastvlm-kit/last_row", "weight", "zero"]);
  });

  it("drops what the file says of shapes that change, and no more", () => {
    const nodes = [
      { ...PRODUCT, outputs: ["product"] },
      { operator: "Identity", inputs: ["product"], outputs: ["logits"] },
    ];
    const shape = [1, [...FREE, VOCAB]] as const;
    const { flow } = rewritten({ nodes, notes: { product: shape, other: shape } });
    expect(flow.valueInfos.map(({ name }) => name)).toEqual(["other"]);
  });

  it("has nothing to change where only the last logits come out anyway", () => {
    const outline = outlineOf({ nodes: [PRODUCT], shape: ["batch_size", 1, VOCAB] });
    expect(lastLogits(outline)).toEqual({ replacements: new Map(), additions: [] });
  });

  it.each<[string, Partial<ModelSpec> & { shape?: readonly (string | number)[] }]>([
    ["no logits", { nodes: [{ ...PRODUCT, outputs: ["other"] }] }],
    ["logits of a fixed number of positions", { nodes: [PRODUCT], shape: [1, 5, VOCAB] }],
    ["logits without positions", { nodes: [PRODUCT], shape: ["batch_size", VOCAB] }],
    ["an old Slice", { nodes: [PRODUCT], opset: 9 }],
    [
      "logits that go on",
      { nodes: [PRODUCT, { operator: "Softmax", inputs: ["logits"], outputs: ["odds"] }] },
    ],
    [
      "a product that others read",
      {
        nodes: [
          { ...PRODUCT, outputs: ["product"] },
          { operator: "Identity", inputs: ["product"], outputs: ["logits"] },
          { operator: "Softmax", inputs: ["product"], outputs: ["odds"] },
        ],
      },
    ],
    [
      "a product that comes out itself",
      {
        nodes: [
          { ...PRODUCT, outputs: ["product"] },
          { operator: "Identity", inputs: ["product"], outputs: ["logits"] },
        ],
        outputs: { product: [1, [...FREE, VOCAB]], logits: [1, [...FREE, VOCAB]] },
      },
    ],
    [
      "a factor for each position",
      {
        nodes: [
          { ...PRODUCT, outputs: ["product"] },
          { operator: "Mul", inputs: ["product", "hidden"], outputs: ["logits"] },
        ],
      },
    ],
    [
      "a stored factor for each of some positions",
      {
        nodes: [
          { ...PRODUCT, outputs: ["product"] },
          { operator: "Mul", inputs: ["product", "weight"], outputs: ["logits"] },
        ],
      },
    ],
    ["a product of two values", { nodes: [{ ...PRODUCT, inputs: ["hidden", "hidden"] }] }],
    [
      "a matrix that the caller may replace",
      {
        nodes: [PRODUCT],
        inputs: { hidden: [1, [...FREE, WIDTH]], weight: [1, [WIDTH, VOCAB]] },
      },
    ],
    ["a circle", { nodes: [{ operator: "Identity", inputs: ["logits"], outputs: ["logits"] }] }],
    [
      "a node with a graph inside",
      {
        nodes: [
          PRODUCT,
          {
            operator: "If",
            inputs: ["condition"],
            outputs: ["any"],
            more: messageField(5, [...stringField(1, "then_branch"), ...messageField(6, [])]),
          },
        ],
      },
    ],
  ])("leaves a graph alone that has %s", (_, spec) => {
    expect(lastLogits(outlineOf(spec))).toBeUndefined();
  });

  it("throws nothing but typed errors, whatever byte is wrong", () => {
    const whole = file({ nodes: INT8 });
    for (let at = 0; at < whole.byteLength; at++) {
      for (const byte of [0, 1, 0x7f, 0xff]) {
        const damaged = whole.slice();
        damaged[at] = byte;
        try {
          const outline = outlineModel(sourceOfBytes(damaged), "test");
          if (outline) lastLogits(outline);
        } catch (error) {
          if (!OnnxError.is(error, "model-invalid")) throw error;
        }
      }
    }
  });
});

type Spec = Partial<ModelSpec> & { readonly shape?: readonly (string | number)[] };

function file({ shape = [...FREE, VOCAB], ...spec }: Spec): Uint8Array {
  return buildModel({
    nodes: [],
    inputs: { hidden: [1, [...FREE, WIDTH]] },
    outputs: { logits: [1, shape] },
    tensors: [WEIGHT, VECTOR],
    ...spec,
  });
}

function outlineOf(spec: Spec): GraphOutline {
  return outlineModel(sourceOfBytes(file(spec)), "test")!;
}

/** The graph that becomes of it. */
function rewritten(spec: Spec) {
  const outline = outlineOf(spec);
  const edit = lastLogits(outline)!;
  const skeleton = skeletonOf(outline, { location: "weights", minTensorBytes: 16, edit })!;
  const result = outlineModel(sourceOfBytes(skeleton.bytes), "test")!;
  const nodeCount = result.fields.filter(({ number }) => number === 1).length;
  return { flow: dataFlow(result)!, nodeCount };
}
