import { describe, expect, it } from "vitest";
import { open, run } from "../../test/int8-models.ts";
import { sourceOfBytes } from "./byte-source.ts";
import { dataFlow } from "./data-flow.ts";
import {
  buildModel,
  integerAttribute,
  integerListAttribute,
  stored,
  textAttribute,
  type ModelSpec,
  type NodeSpec,
} from "./fixtures/build-model.ts";
import { imageSizeOf, type ImageSize } from "./image-size.ts";
import { outlineModel } from "./model-outline.ts";
import type { Piece } from "./pieces.ts";
import { skeletonOf } from "./skeleton.ts";

describe("imageSizeOf", () => {
  it("makes the pool that an exporter traced the mean over the map, at every size", async () => {
    const file = encoder({});
    const size = sizeOf(file);
    expect(size).toMatchObject({ isFree: true, pools: 1 });
    const changed = await open(rewritten(file));
    const meant = await open(encoder({ pool: { operator: "GlobalAveragePool", more: [] } }));
    for (const side of [1, 2, 4, 8, 11]) {
      const expected = await features(meant, side);
      expect(distance(await features(changed, side), expected)).toBeLessThan(1e-6);
    }
    // The file as it is: right at its own size, and at no smaller one.
    const plain = await open(file);
    expect(distance(await features(plain, SIDE), await features(meant, SIDE))).toBeLessThan(1e-6);
    expect(distance(await features(plain, 2), await features(meant, 2))).toBeGreaterThan(0.01);
  });

  it.each<[string, EncoderSpec]>([
    ["with the gate as the first factor", { gated: ["gate", "map"] }],
    ["that is not reshaped", { gated: ["map", "flat gate"] }],
    ["with a window of another side", { side: 3 }],
    ["that says that there is no padding", { more: textAttribute("auto_pad", "VALID") }],
    ["by way of a cast", { between: [{ operator: "Cast", integers: { to: 1 } }] }],
    ["of the map by another name", { between: [{ operator: "Identity" }] }],
    ["with sizes that the file does not note", { notes: {} }],
  ])("understands a gate %s", (_, spec) => {
    expect(sizeOf(encoder(spec))).toMatchObject({ isFree: true, pools: 1 });
  });

  it("forgets what the file says of the values from the pool to the gate", () => {
    const notes = { mean: MAP(8, ["a", "b"]), "flat gate": MAP(8, ["a", "b"]), map: MAP(8) };
    const outline = outlineModel(sourceOfBytes(rewritten(encoder({ notes }))), "test")!;
    expect(dataFlow(outline)!.valueInfos.map(({ name }) => name)).toEqual(["map"]);
  });

  it("has nothing to change in an encoder that takes the mean", () => {
    const mean = encoder({ pool: { operator: "GlobalAveragePool", more: [] } });
    expect(sizeOf(mean)).toMatchObject({ isFree: true, pools: 0 });
  });

  it.each<[string, EncoderSpec]>([
    ["whose windows overlap", { more: integerListAttribute("strides", [1, 1]) }],
    ["whose windows are no squares", { pool: { more: window(4, 8, 4) } }],
    ["with a border", { more: integerListAttribute("pads", [0, 0, 1, 1]) }],
    ["with holes", { more: integerListAttribute("dilations", [2, 2]) }],
    ["that goes beyond the map", { more: integerAttribute("ceil_mode", 1) }],
    ["that pads by itself", { more: textAttribute("auto_pad", "SAME_UPPER") }],
    ["of a line", { pool: { more: integerListAttribute("kernel_shape", [4]) } }],
    ["without a window", { pool: { more: [] } }],
    ["of the largest", { pool: { operator: "MaxPool" } }],
    ["that gates another map", { gated: ["other map", "gate"] }],
    ["whose result is added", { gate: "Add" }],
    ["whose result somebody else reads", { extra: [node("Neg", ["mean"], "other reader")] }],
    ["whose gate looks at the map in another way too", { reduced: ["mean", "map"] }],
    ["whose gate is no function of channels", { act: "Softmax" }],
  ])("takes images of one size only where it has a pool %s", (_, spec) => {
    const size = sizeOf(encoder(spec));
    expect(size).toMatchObject({ isFree: false });
    expect((size as { reason: string }).reason).toMatch(/Pool/);
  });

  it.each<[string, EncoderSpec, RegExp]>([
    ["has a size in its inputs", { pixels: [1, 3, 512, 512] }, /512 x 512 pixels/],
    ["has a height only in its inputs", { pixels: [1, 3, 512, "width"] }, /512 x any pixels/],
    ["always gives as many tokens", { tokens: 64 }, /64 tokens/],
    ["has no images as input", { pixels: ["batch", 3] }, /pixel_values/],
    ["adds a map to the map", { extra: [node("Add", ["map", "stored map"], "sum")] }, /Add/],
    ["adds a number for each token", { extra: [node("Add", ["map", "tokens"], "sum")] }, /Add/],
    [
      "stretches the map to a size",
      { extra: [node("Resize", ["map", "", "", "sizes"], "stretched")] },
      /Resize/,
    ],
  ])("takes images of one size only where it %s", (_, spec, reason) => {
    const size = sizeOf(encoder(spec));
    expect(size).toMatchObject({ isFree: false });
    expect((size as { reason: string }).reason).toMatch(reason);
  });
});

const CHANNELS = 8;
/** Side of the map, in positions, for which the pool was traced; a position is 4 pixels wide. */
const SIDE = 8;
const STRIDE = 4;

function MAP(channels: number, sides: readonly (string | number)[] = ["h", "w"]) {
  return [1, ["batch", channels, ...sides]] as const;
}

interface EncoderSpec {
  readonly side?: number;
  readonly pool?: { readonly operator?: string; readonly more?: readonly Piece[] };
  /** Instead of the pool's own attribute of that name, or beside the others. */
  readonly more?: readonly Piece[];
  readonly gated?: readonly [string, string];
  readonly gate?: string;
  readonly act?: string;
  readonly reduced?: readonly string[];
  /** From the map to what is pooled. */
  readonly between?: readonly Pick<NodeSpec, "operator" | "integers">[];
  readonly extra?: readonly NodeSpec[];
  readonly notes?: ModelSpec["notes"];
  readonly pixels?: readonly (string | number)[];
  readonly tokens?: number;
}

function window(height: number, width: number, stride: number): Piece[] {
  return [
    ...integerListAttribute("kernel_shape", [height, width]),
    ...integerListAttribute("strides", [stride, stride]),
  ];
}

function node(operator: string, inputs: readonly string[], output: string): NodeSpec {
  return { operator, inputs, outputs: [output] };
}

/** One convolution with steps of 4 pixels, squeeze-and-excite, tokens. */
function encoder(spec: EncoderSpec): Uint8Array<ArrayBuffer> {
  const { side = SIDE, between = [], gated = ["map", "gate"], reduced = ["mean"] } = spec;
  const steps = between.map((one, index) => ({
    ...one,
    inputs: [index === 0 ? "map" : `step ${String(index - 1)}`],
    outputs: [`step ${String(index)}`],
  }));
  const pooled = steps.at(-1)?.outputs[0] ?? "map";
  const attributes = spec.pool?.more ?? [
    ...integerAttribute("count_include_pad", 1),
    ...integerListAttribute("kernel_shape", [side, side]),
    ...(mentions(spec.more, "strides") ? [] : integerListAttribute("strides", [side, side])),
    ...(spec.more ?? []),
  ];
  const reduce =
    reduced.length === 1
      ? [node("Conv", ["mean", "reduce"], "reduced")]
      : [node("Add", reduced, "sum"), node("Conv", ["sum", "reduce"], "reduced")];
  const weight = (name: string, shape: readonly number[], scale: number): Piece[] => {
    const count = shape.reduce((product, size) => product * size, 1);
    const numbers = Float32Array.from({ length: count }, (_, at) => Math.sin(at * 1.7) * scale);
    return stored(name, shape, numbers, "float32");
  };
  return buildModel({
    opset: 18,
    nodes: [
      {
        ...node("Conv", ["pixel_values", "patches"], "map"),
        more: integerListAttribute("strides", [STRIDE, STRIDE]),
      },
      node("Neg", ["map"], "other map"),
      ...steps,
      { ...node(spec.pool?.operator ?? "AveragePool", [pooled], "mean"), more: attributes },
      ...reduce,
      node("Relu", ["reduced"], "active"),
      node("Conv", ["active", "expand"], "expanded"),
      node(spec.act ?? "Sigmoid", ["expanded"], "flat gate"),
      node("Reshape", ["flat gate", "gate shape"], "gate"),
      node(spec.gate ?? "Mul", gated, "gated"),
      node("Reshape", ["gated", "token shape"], "channels"),
      { ...node("Transpose", ["channels"], "image_features"), more: turned() },
      ...(spec.extra ?? []),
    ],
    inputs: { pixel_values: [1, spec.pixels ?? ["batch", 3, "height", "width"]] },
    outputs: { image_features: [1, ["batch", spec.tokens ?? "tokens", CHANNELS]] },
    notes: spec.notes ?? { map: MAP(CHANNELS) },
    tensors: [
      weight("patches", [CHANNELS, 3, STRIDE, STRIDE], 0.4),
      weight("reduce", [4, CHANNELS, 1, 1], 3),
      weight("expand", [CHANNELS, 4, 1, 1], 3),
      weight("stored map", [1, CHANNELS, SIDE, SIDE], 1),
      weight("tokens", [1, SIDE * SIDE, CHANNELS], 1),
      stored("sizes", [4], BigInt64Array.of(1n, 8n, 8n, 8n), "int64"),
      stored("gate shape", [4], BigInt64Array.of(-1n, BigInt(CHANNELS), 1n, 1n), "int64"),
      stored("token shape", [3], BigInt64Array.of(0n, BigInt(CHANNELS), -1n), "int64"),
    ],
  });
}

function turned(): Piece[] {
  return integerListAttribute("perm", [0, 2, 1]);
}

function mentions(pieces: readonly Piece[] = [], name: string): boolean {
  return pieces.some((piece) => piece instanceof Uint8Array && Buffer.from(piece).includes(name));
}

function sizeOf(file: Uint8Array): ImageSize {
  return imageSizeOf(outlineModel(sourceOfBytes(file), "test")!);
}

/** The file with what is changed when it is loaded. */
function rewritten(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const model = outlineModel(sourceOfBytes(file), "test")!;
  const size = imageSizeOf(model);
  if (!size.isFree) throw new Error(size.reason);
  return skeletonOf(model, { location: "weights", edit: size.edit })!.bytes;
}

async function features(
  session: Awaited<ReturnType<typeof open>>,
  side: number,
): Promise<Float32Array> {
  const pixels = side * STRIDE;
  const values = Float32Array.from({ length: 3 * pixels * pixels }, (_, at) =>
    Math.abs(Math.sin(at * 0.37)),
  );
  return run(session, "pixel_values", values, [1, 3, pixels, pixels]);
}

function distance(some: Float32Array, others: Float32Array): number {
  expect(some.length).toBe(others.length);
  return some.reduce((most, value, at) => Math.max(most, Math.abs(value - others[at]!)), 0);
}
