import { describe, expect, it } from "vitest";
import type { RewriteReport } from "./rewrite-report.ts";
import { sourceOfBytes } from "./byte-source.ts";
import { dataFlow, type DataFlow } from "./data-flow.ts";
import { planDecoder, type DecoderRewrite } from "./decoder-rewrite.ts";
import {
  ATTENTION_INPUTS,
  attentionModel,
  FREE,
  layer,
  type AttentionSpec,
} from "./fixtures/attention-model.ts";
import { floatAttribute, integerAttribute, type NodeSpec } from "./fixtures/build-model.ts";
import { outlineModel, type GraphOutline } from "./model-outline.ts";
import { skeletonOf } from "./skeleton.ts";
import { ATTENTION_BIAS } from "./unfuse-attention.ts";

const FLOAT = 1;
const FLOAT16 = 10;

describe("a decoder for the CPU", () => {
  it("gives the new keys and values alone, from products instead of attentions", () => {
    const { parts, newPositions, flow } = rewritten({});
    expect(parts).toMatchObject({ kv: "new", unfused: 2 });
    expect([...newPositions!]).toEqual([
      ["past_key_values.0.key", "k0"],
      ["past_key_values.0.value", "v0"],
      ["past_key_values.1.key", "k1"],
      ["past_key_values.1.value", "v1"],
    ]);
    expect([...flow.outputs.keys()]).toEqual(["logits", "k0", "v0", "k1", "v1"]);
    expect(flow.outputs.get("k0")).toMatchObject({ dataType: FLOAT, shape: undefined });
    expect(flow.inputs.get(ATTENTION_BIAS)).toMatchObject({ dataType: FLOAT });

    expect(flow.makerOf("attention0")!.operator).toBe("Reshape");
    const scores = flow.makerOf("fastvlm-kit/attention/1/scores/stacked")!;
    expect(scores.operator).toBe("com.microsoft::FusedMatMul");
    expect(scores.floats.get("alpha")).toBeCloseTo(1 / Math.sqrt(16), 6);
    const keys = flow.makerOf(scores.inputs[1]!)!;
    expect(keys.operator).toBe("Concat");
    expect(keys.inputs[0]).toBe("past_key_values.1.key");
  });

  it.each<[string, AttentionSpec, scale: number]>([
    ["its own", { more: floatAttribute("scale", 0.5) }, 0.5],
    ["0, which stands for the usual", { more: floatAttribute("scale", 0) }, 0.25],
    ["the usual, with no cap", { more: floatAttribute("softcap", 0) }, 0.25],
    ["the usual, with no window", { more: integerAttribute("local_window_size", -1) }, 0.25],
  ])("takes a scale of %s", (_, spec, scale) => {
    const { parts, flow } = rewritten(spec);
    expect(parts.unfused).toBe(2);
    const { floats } = flow.makerOf("fastvlm-kit/attention/0/scores/stacked")!;
    expect(floats.get("alpha")).toBeCloseTo(scale, 6);
  });

  it.each<[string, AttentionSpec, string]>([
    ["with a cap", { more: floatAttribute("softcap", 30) }, "attention with a cap"],
    [
      "with a window",
      { more: integerAttribute("local_window_size", 128) },
      "attention with a window of 128 positions",
    ],
    [
      "with a smooth softmax",
      { integers: { smooth_softmax: 1 } },
      "attention with a smooth softmax",
    ],
    [
      "with an attribute that is not known",
      { integers: { odd: 0 } },
      "attention has the unknown attribute odd",
    ],
    [
      "with more inputs",
      { inputs: ["", "", "others"] },
      "attention rotates queries and keys itself, or has other inputs",
    ],
    [
      "with other heads than its past",
      { integers: { kv_num_heads: 2 } },
      "the past has heads of an unknown size, or other ones than the attention",
    ],
    [
      "with heads that cannot be shared out",
      { integers: { num_heads: 0 } },
      "0 heads of queries over 1 of keys",
    ],
    ["with halves", { past: FLOAT16 }, "past keys are not float32"],
    ["of an old opset", { opset: 12 }, "opset 12, 13 is needed"],
    [
      "of which one is not like the others",
      { others: { num_heads: 4 } },
      "layers have heads of different sizes",
    ],
  ])("keeps attention %s, with the new keys and values, and says why", (_, spec, reason) => {
    const { parts, flow, rewrites } = rewritten(spec);
    expect(rewrites.find(({ name }) => name === "unfused-attention")!.missed).toEqual([reason]);
    expect(parts).toMatchObject({ kv: "new", unfused: 0 });
    expect(flow.makerOf("attention0")!.operator).toBe("com.microsoft::GroupQueryAttention");
    expect(flow.inputs.has(ATTENTION_BIAS)).toBe(false);
    expect([...flow.outputs.keys()]).toEqual(["logits", "k0", "v0", "k1", "v1"]);
  });

  it.each<[string, AttentionSpec]>([
    ["rotates them itself", { integers: { do_rotary: 1 }, inputs: ["cos", "sin"] }],
    ["takes them in one value", { nodes: replaceInput(layer(0), 1, "") }],
    ["takes them from the caller", { nodes: replaceInput(layer(0), 1, "others") }],
    ["takes one value as both", { nodes: replaceInput(layer(0), 1, "v0") }],
    ["shares them with another", { nodes: replaceInput(layer(0), 1, "k1") }],
    ["has them as outputs already", { outputs: { k0: [FLOAT, [...FREE, 16]] } }],
  ])("leaves keys and values as they are where attention %s", (_, spec) => {
    const { parts, newPositions, flow } = rewritten(spec);
    expect(parts).toMatchObject({ kv: "all", unfused: 0 });
    expect(newPositions).toBeUndefined();
    expect([...flow.outputs.keys()]).toContain("present.0.key");
  });

  it("leaves them where something else reads the past", () => {
    const reader: NodeSpec = {
      operator: "Softmax",
      inputs: ["past_key_values.1.value"],
      outputs: ["read"],
    };
    expect(rewritten({ extra: [reader] }).newPositions).toBeUndefined();
  });
});

/** One of the inputs of the layer's attention. */
function replaceInput(nodes: readonly NodeSpec[], index: number, by: string): NodeSpec[] {
  return nodes.map((node) =>
    node.inputs.length >= ATTENTION_INPUTS
      ? { ...node, inputs: node.inputs.map((name, at) => (at === index ? by : name)) }
      : node,
  );
}

function rewritten(spec: AttentionSpec): DecoderRewrite & {
  readonly flow: DataFlow;
  readonly rewrites: readonly RewriteReport[];
} {
  const model = outlineModel(sourceOfBytes(attentionModel(spec)), "test")!;
  const { rewrite, rewrites } = planDecoder(model, { device: "wasm" });
  return { ...rewrite!, rewrites, flow: flowOf(model, rewrite!) };
}

function flowOf(model: GraphOutline, { edit }: DecoderRewrite): DataFlow {
  const { bytes } = skeletonOf(model, { location: "weights", minTensorBytes: 600, edit })!;
  return dataFlow(outlineModel(sourceOfBytes(bytes), "rewritten")!)!;
}
