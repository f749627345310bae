import * as ort from "onnxruntime-web/wasm";
import { describe, expect, it } from "vitest";
import { sourceOfBytes } from "./byte-source.ts";
import { GELUS, OTHERS, SCALARS, type Activation } from "./fixtures/activations.ts";
import {
  buildModel,
  integerListAttribute,
  stored,
  type ModelSpec,
  type NodeSpec,
} from "./fixtures/build-model.ts";
import * as models from "../../test/int8-models.ts";
import {
  open,
  operatorsOf,
  PRODUCT,
  relativeDistance,
  run,
  write,
} from "../../test/int8-models.ts";
import { GRAPH } from "../format/onnx-fields.ts";
import type { Int8VisionPlan } from "./int8-vision.ts";
import { outlineModel } from "./model-outline.ts";
import { messageField, type Piece } from "./pieces.ts";
import { outlineValue } from "./value-outline.ts";
describe("planInt8Vision", () => {
  it.each(Object.entries(GELUS))(
    "computes what two convolutions and GELU did, written as %s",
    async (_, gelu) => {
      const file = chain(gelu);
      const written = write(plan(file)!);
      expect(operatorsOf(written).filter((one) => one !== "Constant")).toEqual([
        "Transpose",
        PRODUCT,
        "com.microsoft::FastGelu",
        PRODUCT,
        "Transpose",
        "Mul",
        "Add",
      ]);
      await expectAlike(file, written);
    },
  );

  it.each(Object.entries(OTHERS))("leaves %s between convolutions as it is", async (_, other) => {
    const file = chain(other);
    const written = write(plan(file)!);
    const operators = operatorsOf(file);
    expect(operatorsOf(written)).toEqual([
      "Transpose",
      PRODUCT,
      ...operators.slice(1, operators.lastIndexOf("Conv")),
      PRODUCT,
      "Transpose",
      "Mul",
      "Add",
    ]);
    await expectAlike(file, written);
  });

  it("turns a map back for whoever reads it between the convolutions", async () => {
    const gelu = chainSpec(GELUS["one node"]!);
    const file = buildModel({
      ...gelu,
      nodes: [...gelu.nodes, { operator: "Neg", inputs: ["wide"], outputs: ["other"] }],
      outputs: { ...gelu.outputs, other: MAP(WIDE) },
    });
    const written = write(plan(file)!);
    expect(operatorsOf(written).filter((one) => one === "Transpose")).toHaveLength(4);
    expect(operatorsOf(written)).toContain("Gelu");
    await expectAlike(file, written);
  });

  it("turns a map once for two convolutions that read it", async () => {
    const second = pointwise("input", "second", "second bias", "other");
    const file = buildModel({
      ...SINGLE,
      nodes: [...SINGLE.nodes, second],
      tensors: [
        ...SINGLE.tensors!,
        stored("second", [WIDE, NARROW, 1, 1], waves(WIDE * NARROW, 5), "float32"),
        stored("second bias", [WIDE], waves(WIDE, 4), "float32"),
      ],
      outputs: { output: MAP(WIDE), other: MAP(WIDE) },
    });
    const written = write(plan(file)!);
    expect(operatorsOf(written).filter((one) => one === "Transpose")).toHaveLength(3);
    await expectAlike(file, written);
  });

  it("turns a map back for its readers, and not again for the convolution among them", async () => {
    const file = buildModel({
      ...SINGLE,
      nodes: [...SINGLE.nodes, pointwise("output", "second", "", "other")],
      tensors: [
        ...SINGLE.tensors!,
        stored("second", [NARROW, WIDE, 1, 1], waves(WIDE * NARROW, 5), "float32"),
      ],
      outputs: { output: MAP(WIDE), other: MAP(NARROW) },
    });
    const written = write(plan(file)!);
    expect(operatorsOf(written)).toEqual(["Transpose", PRODUCT, "Transpose", PRODUCT, "Transpose"]);
    await expectAlike(file, written);
  });

  it("multiplies by weights of a MatMul, and by those stored in float16", async () => {
    const halves = Uint16Array.from(
      { length: WIDE * NARROW },
      (_, n) => ((n * 37) % 2048) + (n % 3 === 0 ? 0x3000 : 0xb000),
    );
    const file = buildModel({
      nodes: [
        { operator: "Cast", inputs: ["half"], outputs: ["weight"], integers: { to: 1 } },
        { operator: "MatMul", inputs: ["input", "weight"], outputs: ["wide"] },
        { operator: "MatMul", inputs: ["wide", "back"], outputs: ["output"] },
      ],
      inputs: { input: [1, ["batch", "tokens", NARROW]] },
      outputs: { output: [1, ["batch", "tokens", NARROW]] },
      tensors: [
        stored("half", [NARROW, WIDE], halves, "float16"),
        stored("back", [WIDE, NARROW], waves(WIDE * NARROW, 3), "float32"),
      ],
    });
    const written = write(plan(file)!);
    expect(operatorsOf(written)).toEqual([PRODUCT, PRODUCT]);
    await expectAlike(file, written, [2, 7, NARROW]);
  });

  it("finds the layers of a file whose tensors say that they are in it", async () => {
    const file = buildModel({ ...chainSpec(GELUS["five nodes"]!), saysWhere: true });
    const written = write(plan(file)!);
    expect(operatorsOf(written).filter((one) => one === PRODUCT)).toHaveLength(2);
    await expectAlike(file, written);
  });

  it("loses no sum to an overflow: the largest numbers all at once", async () => {
    const weights = new Float32Array(NARROW * WIDE).fill(2);
    const file = buildModel({
      ...SINGLE,
      tensors: [
        stored("weight", [WIDE, NARROW, 1, 1], weights, "float32"),
        stored("bias", [WIDE], new Float32Array(WIDE), "float32"),
      ],
    });
    const input = new Float32Array(NARROW * 16).fill(3);
    const session = await open(write(plan(file)!));
    const output = await run(session, "input", input, [1, NARROW, 4, 4]);
    for (const number of output) expect(number / (6 * NARROW)).toBeCloseTo(1, 4);
  });

  it("imports the operators that it uses, where the file does not", async () => {
    const withImport = buildModel(SINGLE);
    const file = Uint8Array.from(withImport);
    const at = Buffer.from(file).indexOf("com.microsoft");
    file[at] = "x".charCodeAt(0); // Now an import of somebody else's.
    const [one, other] = [plan(file)!, plan(withImport)!];
    expect(one.bytes).toBeGreaterThan(other.bytes);
    await expectAlike(withImport, write(one));
  });

  it("forgets what the file says of maps that it turned", () => {
    const notes = { wide: MAP(WIDE), active: MAP(WIDE), narrow: MAP(NARROW) };
    const file = buildModel({ ...chainSpec(GELUS["one node"]!), notes });
    const { reader, fields } = outlineModel(sourceOfBytes(write(plan(file)!)), "written")!;
    const names = fields
      .filter(({ number }) => number === GRAPH.valueInfo)
      .map((field) => outlineValue(reader, field)?.name);
    expect(names).toEqual(["narrow"]);
  });

  it.each<[string, Partial<ModelSpec>]>([
    ["groups", { nodes: [convolution({ integers: { group: 2 } })] }],
    ["steps", { nodes: [convolution({ more: integerListAttribute("strides", [2, 2]) })] }],
    ["a border", { nodes: [convolution({ more: integerListAttribute("pads", [0, 0, 1, 1]) })] }],
    ["a larger kernel", { tensors: weights([WIDE, NARROW / 4, 2, 2]) }],
    ["weights of a volume", { tensors: weights([WIDE, NARROW, 1, 1, 1]) }],
    ["weights of other numbers", { tensors: weights([WIDE, NARROW / 4, 1, 1], "int8") }],
    ["weights that the caller may replace", { inputs: { input: MAP(NARROW), weight: MAP(1) } }],
    ["weights that somebody else reads", { nodes: [convolution(), reader("weight")] }],
    ["weights that leave the graph", { outputs: { output: MAP(WIDE), weight: MAP(1) } }],
    ["weights that are computed", { nodes: [reader("other", "weight"), convolution()] }],
    ["an operator of somebody else", { nodes: [convolution({ operator: "test::Conv" })] }],
    ["operators of long ago", { opset: 6 }],
    ["a graph inside", { nodes: [convolution({ more: messageField(5, messageField(6, [])) })] }],
  ])("leaves a convolution with %s alone", (_, more) => {
    const tensors = more.nodes?.some(({ outputs }) => outputs[0] === "weight") ? [] : undefined;
    expect(plan(buildModel(SINGLE))).toBeDefined();
    expect(plan(buildModel({ ...SINGLE, ...(tensors && { tensors }), ...more }))).toBeUndefined();
  });

  it("leaves small layers alone", () => {
    const file = buildModel(SINGLE);
    expect(plan(file, NARROW * WIDE)?.layers).toBe(1);
    expect(plan(file, NARROW * WIDE + 1)).toBeUndefined();
    expect(models.plan(file, { minModelWeights: 1 })).toBeUndefined();
  });

  it("leaves small models alone", () => {
    const file = buildModel(SINGLE);
    const weights = NARROW * WIDE;
    const limits = { minLayerWeights: 1, minModelWeights: weights };
    expect(models.plan(file, limits)?.layers).toBe(1);
    expect(models.plan(file, { ...limits, minModelWeights: weights + 1 })).toBeUndefined();
    expect(models.plan(file, { minLayerWeights: 1 })).toBeUndefined();
  });

  it("does not finish a file with weights that are not numbers", () => {
    const weights = waves(WIDE * NARROW, 1);
    weights[100] = NaN;
    const file = buildModel({
      ...SINGLE,
      tensors: [stored("weight", [WIDE, NARROW, 1, 1], weights, "float32"), SINGLE.tensors![1]!],
    });
    expect(() => write(plan(file)!)).toThrow(
      expect.objectContaining({ code: "model-invalid" }) as Error,
    );
  });
});

const NARROW = 24;
const WIDE = 40;

function MAP(channels: number): [type: number, shape: (string | number)[]] {
  return [1, ["batch", channels, "height", "width"]];
}

const SINGLE: ModelSpec = {
  nodes: [convolution()],
  inputs: { input: MAP(NARROW) },
  outputs: { output: MAP(WIDE) },
  tensors: weights([WIDE, NARROW, 1, 1]),
};

/** A block as the encoder has them: wide, activation, narrow, scaled, added. */
function chainSpec(activation: Activation): ModelSpec {
  return {
    nodes: [
      pointwise("input", "fc1", "bias 1", "wide"),
      ...activation("wide", "active"),
      pointwise("active", "fc2", "", "narrow"),
      { operator: "Mul", inputs: ["scale", "narrow"], outputs: ["scaled"] },
      { operator: "Add", inputs: ["input", "scaled"], outputs: ["output"] },
    ],
    inputs: { input: MAP(NARROW) },
    outputs: { output: MAP(NARROW) },
    tensors: [
      ...SCALARS,
      stored("fc1", [WIDE, NARROW, 1, 1], waves(WIDE * NARROW, 1), "float32"),
      stored("bias 1", [WIDE], waves(WIDE, 2), "float32"),
      stored("fc2", [NARROW, WIDE, 1, 1], waves(WIDE * NARROW, 3), "float32"),
      stored("scale", [NARROW, 1, 1], waves(NARROW, 4), "float32"),
    ],
  };
}

function chain(activation: Activation): Uint8Array<ArrayBuffer> {
  return buildModel(chainSpec(activation));
}

function pointwise(input: string, weight: string, bias: string, output: string): NodeSpec {
  const inputs = bias === "" ? [input, weight] : [input, weight, bias];
  const more = [
    ...integerListAttribute("kernel_shape", [1, 1]),
    ...integerListAttribute("strides", [1, 1]),
    ...integerListAttribute("pads", [0, 0, 0, 0]),
    ...integerListAttribute("dilations", [1, 1]),
  ];
  return { operator: "Conv", inputs, outputs: [output], integers: { group: 1 }, more };
}

function convolution(more: Partial<NodeSpec> = {}): NodeSpec {
  return { operator: "Conv", inputs: ["input", "weight", "bias"], outputs: ["output"], ...more };
}

function reader(input: string, output = "read"): NodeSpec {
  return { operator: "Identity", inputs: [input], outputs: [output] };
}

function weights(shape: readonly number[], type: "float32" | "int8" = "float32"): Piece[][] {
  const numbers = waves(WIDE * NARROW, 1);
  const values = type === "int8" ? new Int8Array((WIDE * NARROW) / 4) : numbers;
  return [stored("weight", shape, values, type), stored("bias", [WIDE], waves(WIDE, 2), "float32")];
}

/** Numbers of all sizes up to 1, the same each time. */
function waves(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => Math.sin(n * 1.7 + seed) * Math.cos(n * 0.31));
}

async function expectAlike(
  file: Uint8Array,
  written: Uint8Array,
  shape: readonly number[] = [2, NARROW, 5, 3],
): Promise<void> {
  const [plain, int8] = [await open(file), await open(written)];
  const input = waves(
    shape.reduce((product, size) => product * size, 1),
    0.5,
  );
  const feeds = { input: new ort.Tensor("float32", input, [...shape]) };
  const [expected, results] = [await plain.run(feeds), await int8.run(feeds)];
  for (const name of plain.outputNames) {
    expect(results[name]!.dims).toEqual(expected[name]!.dims);
    const numbers = results[name]!.data as Float32Array;
    expect(relativeDistance(numbers, expected[name]!.data as Float32Array)).toBeLessThan(0.02);
  }
}

/** Of layers of any size: those of tests are small. */
function plan(file: Uint8Array, minLayerWeights = 1): Int8VisionPlan | undefined {
  return models.plan(file, { minLayerWeights, minModelWeights: 1 });
}
