import { describe, expect, it } from "vitest";
import { floatAttribute, integerAttribute, type NodeSpec } from "./fixtures/build-model.ts";
import {
  ATTENTION_INPUTS,
  FLOAT,
  HEAD,
  layer,
  reader,
  rewritten,
  ROTARY,
  rotaryInputs,
  type Spec,
} from "./fixtures/one-layer-decoder.ts";

describe("fuseRotary", () => {
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
});

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
