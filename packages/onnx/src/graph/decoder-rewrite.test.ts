import { describe, expect, it } from "vitest";
import { OnnxError } from "../errors.ts";
import type { RewriteName } from "./rewrite-report.ts";
import { sourceOfBytes } from "./byte-source.ts";
import { dataFlow, type DataFlow } from "./data-flow.ts";
import { MASK, planDecoder, rewriteDecoder, type DecoderRewrite } from "./decoder-rewrite.ts";
import {
  buildModel,
  floatAttribute,
  integerAttribute,
  stored,
  type ModelSpec,
  type NodeSpec,
} from "./fixtures/build-model.ts";
import { outlineModel, type GraphOutline } from "./model-outline.ts";
import { LAST_POSITION, TOTAL_LENGTH } from "./sequence-lengths.ts";
import { skeletonOf } from "./skeleton.ts";

const HEAD = 16;
const WIDTH = 2 * HEAD;
const VOCAB = 6;
const FREE = ["batch_size", "sequence_length"];
const FLOAT = 1;
const INT32 = 6;
const INT64 = 7;
const PAST = [FLOAT, ["batch_size", 1, "past", HEAD]] as const;
const PRODUCT = "com.microsoft::MatMulNBits";
const ROTARY = "com.microsoft::RotaryEmbedding";
const ATTENTION = "com.microsoft::GroupQueryAttention";

/** Outputs of the three products: two heads of queries, one of keys and values. */
const SIZES = { q: WIDTH, k: HEAD, v: HEAD } as const;
type Which = keyof typeof SIZES;

describe("rewriteDecoder", () => {
  it("makes one product, one attention and the last logits of a layer", () => {
    const { parts, flow, source, model } = rewritten({});
    expect(parts).toMatchObject({ logits: "last", biases: 3, rotary: 1, joined: 1 });

    const attention = flow.makerOf("attention")!;
    expect(attention.inputs.slice(1)).toEqual([
      "",
      "",
      "pk",
      "pv",
      LAST_POSITION,
      TOTAL_LENGTH,
      "cos",
      "sin",
    ]);
    expect(attention.integers.get("do_rotary")).toBe(1);
    const product = flow.makerOf(attention.inputs[0]!)!;
    expect(product.inputs[0]).toBe("hidden");
    expect(product.inputs.slice(3, 5)).toEqual(["", ""]);
    expect(product.integers.get("N")).toBe(WIDTH + 2 * HEAD);
    const [weight, scales, bias] = [1, 2, 5].map((index) => flow.stored(product.inputs[index]!)!);
    expect(weight!.shape).toEqual([WIDTH + 2 * HEAD, 1, 16]);
    expect(scales!.shape).toEqual([WIDTH + 2 * HEAD]);
    expect(bias!.shape).toEqual([WIDTH + 2 * HEAD]);
    expect(flow.stored("q weight")).toBeUndefined();
    expect(flow.makerOf("rotated q")).toBeUndefined();
    expect([...flow.inputs.keys()]).toContain("position_ids");
    // Small enough to be in the graph itself.
    expect(source.size).toBe(model.source.size);
  });

  it("has the rows of the three below one another, behind the file's end where they are large", () => {
    const blocks = 64; // 2048 numbers
    const { flow, source, model, text } = rewritten({ blocks });
    const product = flow.makerOf(flow.makerOf("attention")!.inputs[0]!)!;
    const { shape } = flow.stored(product.inputs[1]!)!;
    expect(shape).toEqual([WIDTH + 2 * HEAD, blocks, 16]);
    expect(text).toContain(String(model.source.size));
    const rows = source.read(model.source.size, model.source.size + 64 * blocks * 16);
    const marks = [0, WIDTH, WIDTH + HEAD].map((row) => rows[row * blocks * 16]);
    expect(marks).toEqual(["q", "k", "v"].map((which) => which.charCodeAt(0)));
    expect(rows[WIDTH * blocks * 16 - 1]).toBe("q".charCodeAt(0));
  });

  it("takes a table of angles that is widened first, and rotations that name their size", () => {
    const nodes = layer({
      rotary: { integers: { num_heads: 2, rotary_embedding_dim: HEAD, interleaved: 0 } },
      tables: ["wide cos", "wide sin"],
    });
    nodes.unshift(
      { operator: "Cast", inputs: ["cos"], outputs: ["wide cos"], integers: { to: 1 } },
      { operator: "Cast", inputs: ["sin"], outputs: ["wide sin"], integers: { to: 1 } },
    );
    expect(rewritten({ nodes }).parts.rotary).toBe(1);
  });

  it.each<[string, readonly NodeSpec[]]>([
    ["the reshape of the exporters", reshapedPositions()],
    ["two reshapes", [...reshapedPositions("once"), reshape("once", "positions")]],
    ["a name", [{ operator: "Identity", inputs: ["position_ids"], outputs: ["positions"] }]],
    [
      "an axis that comes and goes",
      [
        { operator: "Unsqueeze", inputs: ["position_ids", "axis"], outputs: ["deep"] },
        { operator: "Squeeze", inputs: ["deep", "axis"], outputs: ["positions"] },
      ],
    ],
  ])("follows positions through %s, and leaves nothing of it", (_, way) => {
    const { parts, flow } = rewritten({ nodes: [...way, ...layer({ positions: "positions" })] });
    expect(parts).toMatchObject({ biases: 3, rotary: 1, joined: 1 });
    for (const { outputs } of way) expect(flow.makerOf(outputs[0]!)).toBeUndefined();
    const takesAxis = way.some(({ inputs }) => inputs.includes("axis"));
    expect(flow.stored("axis") === undefined).toBe(takesAxis);
    expect([...flow.inputs.keys()]).toContain("position_ids");
  });

  it("keeps reshaped positions that somebody else reads, and what they are made of", () => {
    const nodes = [...reshapedPositions(), ...layer({ positions: "positions" })];
    const { parts, flow } = rewritten({ nodes, more: [reader("positions")] });
    expect(parts.rotary).toBe(1);
    expect(flow.makerOf("positions")!.operator).toBe("Reshape");
    expect(flow.makerOf("sizes")!.operator).toBe("Shape");
  });

  it("follows queries and keys that reach the positions by two ways", () => {
    const nodes = [
      ...reshapedPositions(),
      ...layer({ positions: "positions", rotaryOfK: { inputs: rotaryInputs("k", "cos", "sin") } }),
    ];
    expect(rewritten({ nodes }).parts.rotary).toBe(1);
  });

  it("joins what a writer says is in this file, where it is anyway", () => {
    const { parts, flow } = rewritten({ saysWhere: true });
    expect(parts).toMatchObject({ biases: 3, rotary: 1, joined: 1 });
    const product = flow.makerOf(flow.makerOf("attention")!.inputs[0]!)!;
    expect(flow.stored(product.inputs[5]!)!.shape).toEqual([WIDTH + 2 * HEAD]);
  });

  it("keeps the attributes that it does not change as the file has them, also negative ones", () => {
    const more = [...integerAttribute("local_window_size", -1), ...floatAttribute("scale", 0.5)];
    const { parts, flow } = rewritten({ nodes: layer({ attention: { more } }) });
    expect(parts).toMatchObject({ rotary: 1, joined: 1 });
    const { integers, floats } = flow.makerOf("attention")!;
    expect(Object.fromEntries(integers)).toEqual({
      num_heads: 2,
      kv_num_heads: 1,
      do_rotary: 1,
      rotary_interleaved: 0,
      local_window_size: -1,
    });
    expect(floats.get("scale")).toBeCloseTo(0.5, 6);
  });

  it.each([
    [3, 3],
    [4, -1],
    [32768, -1],
  ])("takes a window of %s where angles are for 4 positions for one of %s", (window, expected) => {
    const more = integerAttribute("local_window_size", window);
    const { flow } = rewritten({ nodes: layer({ attention: { more } }) });
    expect(flow.makerOf("attention")!.integers.get("local_window_size")).toBe(expected);
  });

  it("sums no mask that only attentions needed, for they are told the length", () => {
    const [sum, cast] = lengthsOf(MASK, "lengths of the mask");
    const nodes = [sum!, cast!, ...layer({ lengths: "lengths of the mask" })];
    const { parts, flow, readsMask } = rewritten({ nodes });
    expect(parts.positioned).toBe(1);
    expect([...flow.inputs.keys()]).toEqual(expect.arrayContaining([LAST_POSITION, TOTAL_LENGTH]));
    expect(flow.makerOf("lengths of the mask")).toBeUndefined();
    expect(flow.makerOf(`sum of ${MASK}`)).toBeUndefined();
    expect(readsMask).toBe(false);

    const readTwice = rewritten({ nodes, more: [reader(`sum of ${MASK}`)] });
    expect(readTwice.flow.makerOf("lengths of the mask")).toBeUndefined();
    expect(readTwice.flow.makerOf(`sum of ${MASK}`)!.operator).toBe("ReduceSum");
    expect(readTwice.readsMask).toBe(true);
  });

  it("joins nothing where nobody looks behind the file's end", () => {
    const { parts, flow } = rewritten({}, { location: undefined });
    expect(parts).toMatchObject({ biases: 3, rotary: 1, joined: 0 });
    expect(flow.makerOf("attention")!.inputs.slice(0, 3)).toEqual(["q", "k", "v"]);
    expect(flow.makerOf("q")!.inputs).toEqual(["hidden", "q weight", "q scales", "", "", "q bias"]);
  });

  it("leaves products and rotations for the CPU alone, where they get no faster", () => {
    const { parts, flow } = rewritten({}, { device: "wasm" });
    expect(parts).toMatchObject({ logits: "last", biases: 0, rotary: 0, joined: 0, positioned: 0 });
    expect(flow.makerOf("rotated q")!.operator).toBe(ROTARY);
  });

  it("keeps the product with the vocabulary as the last logits have it, also with a bias", () => {
    const nodes: NodeSpec[] = [
      { ...product("v", "logits before"), inputs: ["hidden", "v weight", "v scales"] },
      { operator: "Add", inputs: ["logits before", "v bias"], outputs: ["logits"] },
    ];
    const { parts, flow } = rewritten({ nodes });
    expect(parts).toMatchObject({ logits: "last", biases: 0 });
    expect(flow.makerOf("logits before")!.inputs[0]).toBe("fastvlm-kit/last_row");
    expect(flow.makerOf("logits")!.operator).toBe("Add");
  });

  it("drops what the file says of values that are gone", () => {
    const shape = [FLOAT, [...FREE, HEAD]] as const;
    const { flow } = rewritten({ notes: { "rotated k": shape, attention: shape } });
    expect(flow.valueInfos.map(({ name }) => name)).toEqual(["attention"]);
  });

  it.each<[string, Spec]>([
    ["that somebody else reads", { more: [reader("q product")] }],
    ["that comes out itself", { outputs: { "q product": [FLOAT, [...FREE, WIDTH]] } }],
    ["plus a value that is not stored", { nodes: layer({ bias: { q: "hidden" } }) }],
    ["plus one number for all", { nodes: layer({ bias: { q: "k bias" } }) }],
    ["plus a matrix", { nodes: layer({ bias: { q: "vocabulary" } }) }],
    ["plus numbers of another type", { nodes: layer({ bias: { q: "half bias" } }) }],
    ["plus a vector that the caller may replace", { inputs: { "q bias": [FLOAT, [WIDTH]] } }],
    [
      "with a bias already",
      {
        nodes: layer({
          product: { q: { inputs: ["hidden", "q weight", "q scales", "", "", "q bias"] } },
        }),
      },
    ],
    ["with an unknown attribute", { nodes: layer({ product: { q: { integers: { odd: 1 } } } }) }],
  ])("leaves a product alone %s", (_, spec) => {
    const { parts, flow } = rewritten(spec);
    expect(parts).toMatchObject({ biases: 2, rotary: 1, joined: 0 });
    expect(flow.makerOf("q")!.operator).toBe("Add");
  });

  it.each<[string, Spec]>([
    ["done already", { nodes: layer({ attention: { integers: { do_rotary: 1 } } }) }],
    [
      "of keys by another table",
      { nodes: layer({ rotaryOfK: { inputs: rotaryInputs("k", "sin", "cos") } }) },
    ],
    [
      "of keys by other positions",
      { nodes: layer({ rotaryOfK: { inputs: ["k", "others", "cos", "sin"] } }) },
    ],
    ["by positions of another name", { nodes: layer({ positions: "others" }) }],
    [
      "by positions that are computed",
      {
        nodes: [
          { operator: "Add", inputs: ["position_ids", "axis"], outputs: ["positions"] },
          ...layer({ positions: "positions" }),
        ],
      },
    ],
    [
      "by positions that go in a circle",
      {
        nodes: [
          reshape("more positions", "positions"),
          reshape("positions", "more positions"),
          ...layer({ positions: "positions" }),
        ],
      },
    ],
    ["of neighbours", { nodes: layer({ rotary: { integers: { interleaved: 1 } } }) }],
    [
      "of a part of each head",
      { nodes: layer({ rotary: { integers: { rotary_embedding_dim: 8 } } }) },
    ],
    [
      "in a way that is not known",
      { nodes: layer({ rotary: { integers: { is_packed_batching: 1 } } }) },
    ],
    ["by a table that is computed", { nodes: layer({ tables: ["hidden", "sin"] }) }],
    ["by a table for other heads", { nodes: layer({ tables: ["wrong table", "wrong table"] }) }],
    ["that somebody else reads", { more: [reader("rotated q")] }],
    ["of keys alone", { nodes: layer({ query: "q" }) }],
    [
      "in front of attention with more inputs",
      { nodes: layer({ attention: { inputs: [...ATTENTION_INPUTS, "", "", "others"] } }) },
    ],
    ["of heads of an unknown size", { inputs: { pk: [FLOAT, ["batch_size", 1, "past", "size"]] } }],
  ])("leaves a rotation alone %s", (_, spec) => {
    const { parts, flow } = rewritten(spec);
    expect(parts).toMatchObject({ biases: 3, rotary: 0, joined: 0 });
    expect(flow.makerOf("rotated k")!.operator).toBe(ROTARY);
  });

  it.each<[string, Spec]>([
    [
      "of different values",
      { nodes: layer({ product: { k: { inputs: ["others", "k weight", "k scales"] } } }) },
    ],
    [
      "of blocks of different sizes",
      { nodes: layer({ product: { k: { integers: { block_size: 16 } } } }) },
    ],
    [
      "of which one has no zero points",
      {
        nodes: layer({
          product: { k: { inputs: ["hidden", "k weight", "k scales", "k weight"] } },
        }),
      },
    ],
    ["in groups", { nodes: layer({ product: each({ groups: true }) }) }],
    ["of which one has no bias", { nodes: layer({ bias: { k: undefined } }) }],
    ["of weights that are not stored", { inputs: { "k weight": [2, [HEAD, 1, 16]] } }],
    [
      "of other heads than the attention has",
      { nodes: layer({ attention: { integers: { num_heads: 3 } } }) },
    ],
  ])("does not join products %s", (_, spec) => {
    const { parts, flow } = rewritten(spec);
    expect(parts).toMatchObject({ rotary: 1, joined: 0 });
    expect(flow.makerOf("attention")!.inputs.slice(0, 3)).toEqual(["q", "k", "v"]);
  });

  it("does not join products of an attention that rotates nothing", () => {
    const nodes = layer({ attention: { inputs: ["q", "k", ...ATTENTION_INPUTS.slice(2)] } });
    const withoutRotary = nodes.filter(({ operator }) => operator !== ROTARY);
    expect(rewritten({ nodes: withoutRotary }).parts).toMatchObject({ rotary: 0, joined: 0 });
  });

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

  it("has nothing to do with a graph that has nothing of a decoder", () => {
    const nodes: NodeSpec[] = [reader("hidden", "out")];
    const outputs: ModelSpec["outputs"] = { out: [FLOAT, [...FREE, WIDTH]] };
    expect(rewriteDecoder(outlineOf({ nodes, outputs }), OPTIONS)).toBeUndefined();
  });

  it("throws nothing but typed errors, whatever byte is wrong", () => {
    const whole = file({});
    for (let at = 0; at < whole.byteLength; at += 3) {
      for (const byte of [0, 1, 0x7f, 0xff]) {
        const damaged = whole.slice();
        damaged[at] = byte;
        try {
          const outline = outlineModel(sourceOfBytes(damaged), "test");
          if (outline) rewriteDecoder(outline, OPTIONS);
        } catch (error) {
          if (!OnnxError.is(error, "model-invalid")) throw error;
        }
      }
    }
  });
});

const OPTIONS = { device: "webgpu", location: "weights" } as const;

const ATTENTION_INPUTS = ["rotated q", "rotated k", "v", "pk", "pv", "lengths", "total"];

interface Layer {
  readonly product?: Partial<Record<Which, Partial<NodeSpec>>>;
  /** What is added; undefined for nothing. */
  readonly bias?: Partial<Record<Which, string | undefined>>;
  readonly rotary?: Partial<NodeSpec>;
  readonly rotaryOfK?: Partial<NodeSpec>;
  readonly attention?: Partial<NodeSpec>;
  readonly positions?: string;
  readonly tables?: readonly [string, string];
  readonly query?: string;
  readonly lengths?: string;
}

function layer(changes: Layer = {}): NodeSpec[] {
  const { positions = "position_ids", tables = ["cos", "sin"] } = changes;
  const { query = "rotated q", lengths = "lengths" } = changes;
  const products = (["q", "k", "v"] as const).flatMap((which): NodeSpec[] => {
    const bias = changes.bias && which in changes.bias ? changes.bias[which] : `${which} bias`;
    const made = bias === undefined ? which : `${which} product`;
    const { integers, ...others } = changes.product?.[which] ?? {};
    const plain = product(which, made);
    return [
      { ...plain, ...others, integers: { ...plain.integers, ...integers } },
      ...(bias === undefined ? [] : [{ operator: "Add", inputs: [made, bias], outputs: [which] }]),
    ];
  });
  const rotary = (which: "q" | "k"): NodeSpec => ({
    operator: ROTARY,
    inputs: [which, positions, ...tables],
    outputs: [`rotated ${which}`],
    ...changes.rotary,
    ...(which === "k" && changes.rotaryOfK),
  });
  const attention: NodeSpec = {
    operator: ATTENTION,
    inputs: [query, ...ATTENTION_INPUTS.slice(1, 5), lengths, "total"],
    outputs: ["attention", "nk", "nv"],
    ...changes.attention,
    integers: { num_heads: 2, kv_num_heads: 1, do_rotary: 0, ...changes.attention?.integers },
  };
  const logits = { operator: "MatMul", inputs: ["attention", "vocabulary"], outputs: ["logits"] };
  return [...products, rotary("q"), rotary("k"), attention, logits];
}

function product(which: Which, output: string): NodeSpec {
  return {
    operator: PRODUCT,
    inputs: ["hidden", `${which} weight`, `${which} scales`],
    outputs: [output],
    integers: { K: 32, N: SIZES[which], bits: 4, block_size: 32 },
  };
}

function each({ groups }: { groups: boolean }): NonNullable<Layer["product"]> {
  const inputs = (which: Which) => [
    "hidden",
    `${which} weight`,
    `${which} scales`,
    "",
    groups ? "group" : "",
  ];
  return { q: { inputs: inputs("q") }, k: { inputs: inputs("k") }, v: { inputs: inputs("v") } };
}

function rotaryInputs(value: string, cos: string, sin: string): string[] {
  return [value, "position_ids", cos, sin];
}

/** Positions as a builder of ONNX files reshapes them, to [-1, new]. */
function reshapedPositions(output = "positions"): NodeSpec[] {
  return [
    { operator: "Shape", inputs: ["hidden"], outputs: ["sizes"] },
    { operator: "Gather", inputs: ["sizes", "axis"], outputs: ["new positions"] },
    {
      operator: "Concat",
      inputs: ["axis", "new positions"],
      outputs: ["wanted"],
      integers: { axis: 0 },
    },
    { operator: "Reshape", inputs: ["position_ids", "wanted"], outputs: [output] },
  ];
}

function reshape(from: string, to: string): NodeSpec {
  return { operator: "Reshape", inputs: [from, "axis"], outputs: [to] };
}

/** The usual way from a mask to what attentions take. */
function lengthsOf(mask: string, output: string): NodeSpec[] {
  const sum = `sum of ${mask}`;
  return [
    { operator: "ReduceSum", inputs: [mask], outputs: [sum] },
    { operator: "Cast", inputs: [sum], outputs: [output], integers: { to: INT32 } },
  ];
}

function behindFoo(): NodeSpec[] {
  return [
    { operator: "MatMul", inputs: ["attention", "vocabulary"], outputs: ["raw"] },
    { operator: "Foo", inputs: ["raw"], outputs: ["logits"] },
  ];
}

function reader(value: string, output = "other reader"): NodeSpec {
  return { operator: "Softmax", inputs: [value], outputs: [output] };
}

type Spec = Partial<ModelSpec> & {
  /** Nodes behind those of the layer. */
  readonly more?: readonly NodeSpec[];
  readonly logits?: readonly (string | number)[];
  readonly blocks?: number;
};

function file(options: Spec): Uint8Array {
  const { more = [], logits = [...FREE, VOCAB], blocks = 1, ...spec } = options;
  const table = (name: string, angles: number) =>
    stored(name, [4, angles], new Float32Array(4 * angles), "float32");
  const vector = (name: string, size: number) =>
    stored(name, [size], new Float32Array(size), "float32");
  const { nodes = layer(), inputs, outputs } = spec;
  const tensors = [
    ...(["q", "k", "v"] as const).flatMap((which) => {
      const bytes = new Uint8Array(SIZES[which] * blocks * 16).fill(which.charCodeAt(0));
      return [
        stored(`${which} weight`, [SIZES[which], blocks, 16], bytes, "uint8"),
        vector(`${which} scales`, SIZES[which] * blocks),
        vector(`${which} bias`, SIZES[which]),
      ];
    }),
    table("cos", HEAD / 2),
    table("sin", HEAD / 2),
    table("wrong table", HEAD),
    stored("half bias", [WIDTH], new Uint16Array(WIDTH), "float16"),
    stored("axis", [1], new BigInt64Array(1), "int64"),
    stored("group", [1], new Uint8Array(1), "uint8"),
    stored("vocabulary", [WIDTH, VOCAB], new Float32Array(WIDTH * VOCAB), "float32"),
  ];
  return buildModel({
    ...spec,
    nodes: [...nodes, ...more],
    inputs: {
      hidden: [FLOAT, [...FREE, WIDTH]],
      others: [INT64, FREE],
      [MASK]: [INT64, FREE],
      position_ids: [INT64, FREE],
      pk: PAST,
      pv: PAST,
      lengths: [INT32, ["batch_size"]],
      total: [INT32, []],
      ...inputs,
    },
    outputs: { logits: [FLOAT, logits], nk: PAST, nv: PAST, ...outputs },
    tensors,
  });
}

function outlineOf(spec: Spec): GraphOutline {
  return outlineModel(sourceOfBytes(file(spec)), "test")!;
}

/** The graph that becomes of it. */
function rewritten(
  spec: Spec,
  options: { device?: "wasm"; location?: undefined } = {},
): DecoderRewrite & {
  readonly flow: DataFlow;
  readonly model: GraphOutline;
  readonly text: string;
} {
  const model = outlineOf(spec);
  const { location, ...others } = { ...OPTIONS, ...options };
  const result = rewriteDecoder(model, { ...others, ...(location && { location }) })!;
  const { edit } = result;
  const skeleton = skeletonOf(model, { location: "weights", minTensorBytes: 600, edit })!;
  const flow = dataFlow(outlineModel(sourceOfBytes(skeleton.bytes), "test")!)!;
  return { ...result, model, flow, text: new TextDecoder().decode(skeleton.bytes) };
}
