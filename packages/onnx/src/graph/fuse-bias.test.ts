import { describe, expect, it } from "vitest";
import {
  FLOAT,
  FREE,
  layer,
  reader,
  rewritten,
  WIDTH,
  type Spec,
} from "./fixtures/one-layer-decoder.ts";

describe("fuseBiases", () => {
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
});
