import { describe, expect, it } from "vitest";
import { OnnxError } from "../errors.ts";
import { sourceOfBytes } from "./byte-source.ts";
import { MASK, rewriteDecoder } from "./decoder-rewrite.ts";
import { integerAttribute, type ModelSpec, type NodeSpec } from "./fixtures/build-model.ts";
import { POSITIONS } from "./fuse-rotary.ts";
import {
  decoderFile,
  FLOAT,
  FREE,
  HEAD,
  INT32,
  layer,
  OPTIONS,
  outlineOf,
  product,
  reader,
  rewritten,
  ROTARY,
  WIDTH,
} from "./fixtures/one-layer-decoder.ts";
import { outlineModel } from "./model-outline.ts";
import { LAST_POSITION, TOTAL_LENGTH } from "./sequence-lengths.ts";

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

  it("says whether a node still reads the positions", () => {
    expect(rewritten({}).readsPositions).toBe(false);
    expect(rewritten({ more: [reader(POSITIONS)] }).readsPositions).toBe(true);
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

  it("has nothing to do with a graph that has nothing of a decoder", () => {
    const nodes: NodeSpec[] = [reader("hidden", "out")];
    const outputs: ModelSpec["outputs"] = { out: [FLOAT, [...FREE, WIDTH]] };
    expect(rewriteDecoder(outlineOf({ nodes, outputs }), OPTIONS)).toBeUndefined();
  });

  it("throws nothing but typed errors, whatever byte is wrong", () => {
    const whole = decoderFile({});
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

/** The usual way from a mask to what attentions take. */
function lengthsOf(mask: string, output: string): NodeSpec[] {
  const sum = `sum of ${mask}`;
  return [
    { operator: "ReduceSum", inputs: [mask], outputs: [sum] },
    { operator: "Cast", inputs: [sum], outputs: [output], integers: { to: INT32 } },
  ];
}
