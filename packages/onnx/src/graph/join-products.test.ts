import { describe, expect, it } from "vitest";
import {
  ATTENTION_INPUTS,
  HEAD,
  layer,
  rewritten,
  ROTARY,
  WIDTH,
  type Layer,
  type Spec,
  type Which,
} from "./fixtures/one-layer-decoder.ts";

describe("joinProducts", () => {
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

  it("joins what a writer says is in this file, where it is anyway", () => {
    const { parts, flow } = rewritten({ saysWhere: true });
    expect(parts).toMatchObject({ biases: 3, rotary: 1, joined: 1 });
    const product = flow.makerOf(flow.makerOf("attention")!.inputs[0]!)!;
    expect(flow.stored(product.inputs[5]!)!.shape).toEqual([WIDTH + 2 * HEAD]);
  });

  it("joins nothing where nobody looks behind the file's end", () => {
    const { parts, flow } = rewritten({}, { location: undefined });
    expect(parts).toMatchObject({ biases: 3, rotary: 1, joined: 0 });
    expect(flow.makerOf("attention")!.inputs.slice(0, 3)).toEqual(["q", "k", "v"]);
    expect(flow.makerOf("q")!.inputs).toEqual(["hidden", "q weight", "q scales", "", "", "q bias"]);
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
});

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
