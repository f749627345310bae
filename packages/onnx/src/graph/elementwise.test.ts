import { describe, expect, it } from "vitest";
import { sourceOfBytes } from "./byte-source.ts";
import { dataFlow } from "./data-flow.ts";
import { elementwiseTo, isGelu, type Elementwise } from "./elementwise.ts";
import { GELUS, OTHERS, SCALARS } from "./fixtures/activations.ts";
import { buildModel, stored, type ModelSpec, type NodeSpec } from "./fixtures/build-model.ts";
import { outlineModel } from "./model-outline.ts";

const VALUE = [1, ["batch", 8]] as const;

describe("elementwiseTo", () => {
  it.each(Object.entries(GELUS))("knows GELU, written as %s", (_, gelu) => {
    const found = between(gelu("from", "to"))!;
    expect(isGelu(found)).toBe(true);
    expect(found.from).toBe("from");
    expect(found.values).toContain("to");
    expect(found.apply(1)).toBeCloseTo(0.8413, 3);
  });

  it.each(Object.entries(OTHERS))("does not take %s for it", (_, other) => {
    const found = between(other("from", "to"))!;
    expect(found.from).toBe("from");
    expect(isGelu(found)).toBe(false);
  });

  it("is found with nothing between, which is not GELU", () => {
    const found = between([], "from")!;
    expect([found.nodes.size, [...found.values], found.apply(3)]).toEqual([0, ["from"], 3]);
    expect(isGelu(found)).toBe(false);
  });

  it("gives no number where nodes go in a circle", () => {
    const found = between([one("Add", ["from", "x"], "to"), one("Relu", ["to"], "x")])!;
    expect(found.apply(1)).toBeNaN();
    expect(isGelu(found)).toBe(false);
  });

  it.each<[string, NodeSpec[], Partial<ModelSpec>]>([
    ["a node that looks at other places", [one("Softmax", ["from"], "to")], {}],
    ["a node of somebody else", [one("test::Relu", ["from"], "to")], {}],
    ["a name that objects have", [one("toString", ["from"], "to")], {}],
    ["numbers for each channel", [one("Mul", ["from", "vector"], "to")], {}],
    ["two sources", [one("Add", ["from", "other"], "to")], {}],
    ["a value of elsewhere", [one("Add", ["from", "input"], "to")], {}],
    ["no source", [one("Relu", ["input"], "to")], {}],
    [
      "another reader of what is between",
      [one("Relu", ["from"], "x"), one("Relu", ["x"], "to"), one("Relu", ["x"], "y")],
      {},
    ],
    ["another reader of the source", [one("Relu", ["from"], "to"), one("Relu", ["from"], "y")], {}],
    [
      "a way out of the graph between",
      [one("Relu", ["from"], "x"), one("Relu", ["x"], "to")],
      { outputs: { output: VALUE, x: VALUE } },
    ],
    [
      "a number that the caller may replace",
      [one("Mul", ["from", "1"], "to")],
      { inputs: { input: VALUE, "1": [1, []] } },
    ],
    [
      "more nodes than an activation has",
      Array.from({ length: 17 }, (_, n) =>
        one("Relu", [n === 0 ? "from" : `${n}!`], n === 16 ? "to" : `${n + 1}!`),
      ),
      {},
    ],
  ])("gives up at %s", (_, nodes, more) => {
    expect(between(nodes, "to", more)).toBeUndefined();
  });
});

function one(operator: string, inputs: string[], output: string): NodeSpec {
  return { operator, inputs, outputs: [output] };
}

/** Between two nodes that make `from` and read `to`. */
function between(
  nodes: NodeSpec[],
  to = "to",
  more: Partial<ModelSpec> = {},
): Elementwise | undefined {
  const bytes = buildModel({
    nodes: [
      one("Neg", ["input"], "from"),
      one("Neg", ["input"], "other"),
      ...nodes,
      one("Neg", [to], "output"),
    ],
    inputs: { input: VALUE },
    outputs: { output: VALUE },
    tensors: [...SCALARS, stored("vector", [8], new Float32Array(8), "float32")],
    ...more,
  });
  const model = outlineModel(sourceOfBytes(bytes), "test")!;
  const isSource = (value: string): boolean => value === "from" || value === "other";
  return elementwiseTo(model, dataFlow(model)!, to, isSource);
}
