/**
 * Files of the official exporters for SmolVLM's class, through the whole runtime on WASM, against what PyTorch and native
 * ONNX Runtime compute. Nothing here was written by our own writer.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { largestSampleDifference, type ExpectedCall } from "../../../test/exported-files.ts";
import {
  openIdefics3,
  readIdefics3Reference,
  type Idefics3Decoder,
} from "../../../test/exported-idefics3.ts";
import {
  HIDDEN,
  IDEFICS3_PORTS,
  idefics3Tile,
  LAYERS,
  POSITIONS,
  TILE,
  TILE_TOKENS,
} from "../../../test/exported-idefics3-inputs.ts";
import {
  hashTiles,
  idefics3EndIds,
  readKitPrompt,
} from "../../../test/exported-idefics3-prompt.ts";
import { KIT_QUESTIONS, MOST_TOKENS } from "../../../test/exported-idefics3-questions.ts";
import { exportedRows } from "../../../test/exported-inputs.ts";
import { fillImages } from "../../generation/prompt.ts";
import type { Decoding, ImageFeatures, PromptPart } from "../runtime.ts";
import { createOnnxRuntime, type GraphPreparation, type OrtRuntime } from "./onnx-runtime.ts";
import { WASM_BUILD } from "../../runtimes/wasm.ts";

const reference = readIdefics3Reference();
const { torch } = reference;

/** How far features up to 4 may be from the reference. */
const ENCODERS: Readonly<
  Record<string, { readonly expected: readonly (readonly number[])[]; readonly tolerance: number }>
> = {
  vision_encoder: { expected: torch.features.tiles, tolerance: 2e-5 },
  vision_encoder_dynamo: { expected: torch.features.tiles, tolerance: 2e-5 },
  vision_encoder_q4: { expected: reference.features.q4, tolerance: 2e-5 },
  vision_encoder_q4f16: { expected: reference.features.q4f16, tolerance: 3e-2 },
  // Where a number lies between two levels, it may fall to the other.
  vision_encoder_int8: { expected: reference.features.int8, tolerance: 2e-2 },
};

/** Of logits up to 9. */
const LOGITS_TOLERANCE: Readonly<Record<Idefics3Decoder, number>> = {
  fp32: 2e-5,
  q4: 2e-5,
  int8: 1e-2,
  q4f16: 3e-2,
};
const DECODERS = Object.keys(LOGITS_TOLERANCE) as Idefics3Decoder[];

interface Loaded {
  readonly runtime: OrtRuntime;
  readonly prepared: Readonly<Partial<Record<string, GraphPreparation>>>;
}

async function load({
  vision = "vision_encoder_q4",
  dtype = "q4",
}: { vision?: string; dtype?: Idefics3Decoder } = {}): Promise<Loaded> {
  const decoder = dtype === "fp32" ? "decoder_model_merged" : `decoder_model_merged_${dtype}`;
  const files = { vision, embed: "embed_tokens_int8", decoder };
  const prepared: Partial<Record<string, GraphPreparation>> = {};
  const runtime = await createOnnxRuntime({
    device: "wasm",
    wasmThreads: 1,
    source: { builds: WASM_BUILD, files: undefined },
    imageSize: TILE,
    ports: IDEFICS3_PORTS,
    maxPositions: POSITIONS,
    openFile: (graph) => Promise.resolve(openIdefics3(files[graph])),
    onDeviceLost: () => undefined,
    onSessionCreated: () => undefined,
    onGraphPrepared: (graph, how) => (prepared[graph] = how),
  });
  return { runtime, prepared };
}

async function encodeTiles(runtime: OrtRuntime): Promise<ImageFeatures[]> {
  const features: ImageFeatures[] = [];
  for (const index of torch.features.tiles.keys())
    features.push(await runtime.encodeImage({ data: idefics3Tile(index), size: TILE }));
  return features;
}

describe.each(Object.entries(ENCODERS))("the exported %s", (vision, { expected, tolerance }) => {
  it("has the reference's features, a tile in each run", async () => {
    const { runtime, prepared } = await load({ vision });
    expect(prepared["vision"]).toMatchObject({ imageSize: "fixed" });
    const { rewrites, failures } = prepared["vision"]!.report;
    expect(rewrites).toContainEqual({ name: "fused-gelu", applied: 2, missed: [] });
    expect(rewrites).toContainEqual({ name: "no-open-mask", applied: 2, missed: [] });
    expect(failures).toEqual([]);
    const features = await encodeTiles(runtime);
    const { stride } = torch.features;
    for (const [index, { tokens, values }] of features.entries()) {
      expect([tokens, values.length]).toEqual([TILE_TOKENS, TILE_TOKENS * HIDDEN]);
      const difference = largestSampleDifference(values, { stride, expected: expected[index]! });
      expect(difference, `tile ${String(index)}`).toBeLessThan(tolerance);
    }
    await runtime.dispose();
  });
});

describe.each(DECODERS)("the exported Llama in %s", (dtype) => {
  it("has the reference's logits over a prompt, steps and a fork", async () => {
    const { runtime, prepared } = await load({ dtype });
    // Attention in float16 is left as it is, which is for GPUs.
    const unfused = dtype.endsWith("16") ? 0 : LAYERS;
    expect(prepared["decoder"]).toMatchObject({ logits: "last", kv: "new", unfused });
    expect(prepared["embed"]).toMatchObject({ embedding: "looked-up" });
    const { steps, fork } = reference.logits[dtype];
    const decoding = runtime.startDecoding();
    await expectCalls(decoding, steps, LOGITS_TOLERANCE[dtype]);
    const branch = decoding.fork(steps[0]!.ids.length);
    await expectCalls(branch, fork, LOGITS_TOLERANCE[dtype]);
    await runtime.dispose();
  });
});

it("continues text, three tiles and text as generate of PyTorch does", async () => {
  const { runtime } = await load({ vision: "vision_encoder", dtype: "fp32" });
  const { before, after, logits: expected, answer } = torch.question;
  const tiles = (await encodeTiles(runtime)).map((features): PromptPart => ({
    kind: "image",
    features,
  }));
  const decoding = runtime.startDecoding();
  let prediction = await decoding.append([
    { kind: "tokens", ids: before },
    ...tiles,
    { kind: "tokens", ids: after },
  ]);
  const logits = await prediction.readLogits();
  const { stride } = reference.logits;
  expect(largestSampleDifference(logits, { stride, expected })).toBeLessThan(1e-4);
  const ids: number[] = [];
  while (ids.length < answer.length) {
    ids.push((await prediction.readLikeliest()).id);
    prediction = await decoding.append([{ kind: "tokens", ids: ids.slice(-1) }]);
  }
  expect(ids).toEqual(answer);
  await runtime.dispose();
});

describe("the kit's own pixels and prompts, all in float32", () => {
  let runtime: OrtRuntime;
  beforeAll(async () => {
    ({ runtime } = await load({ vision: "vision_encoder", dtype: "fp32" }));
  });
  afterAll(() => runtime.dispose());

  it.each(KIT_QUESTIONS)("are answered as generate of PyTorch does: $name", async (question) => {
    const expected = reference.answers.find(({ name }) => name === question.name)!;
    const { pieces, ids, tiles } = readKitPrompt(question);
    expect(hashTiles(tiles)).toBe(expected.sha256);
    expect(ids).toEqual(expected.ids);

    const features: ImageFeatures[] = [];
    for (const data of tiles) features.push(await runtime.encodeImage({ data, size: TILE }));
    const decoding = runtime.startDecoding();
    let parts = fillImages(pieces, features);
    const said: number[] = [];
    while (said.length < MOST_TOKENS && !idefics3EndIds.has(said.at(-1)!)) {
      said.push((await (await decoding.append(parts)).readLikeliest()).id);
      parts = [{ kind: "tokens", ids: said.slice(-1) }];
    }
    expect(said).toEqual(expected.answer);
    decoding.dispose();
  });
});

it("has PyTorch's logits in native ONNX Runtime too", () => {
  const { values } = reference.logits.fp32.steps[0]!;
  const difference = Math.max(
    ...values.map((value, index) => Math.abs(value - torch.promptLogits[index]!)),
  );
  expect(difference).toBeLessThan(2e-5);
});

async function expectCalls(
  decoding: Decoding,
  calls: readonly ExpectedCall[],
  tolerance: number,
): Promise<void> {
  const { stride } = reference.logits;
  for (const { ids, values: expected, likeliest } of calls) {
    const features = { tokens: ids.length, values: exportedRows(ids, HIDDEN) };
    const prediction = await decoding.append([{ kind: "image", features }]);
    const logits = await prediction.readLogits();
    expect(logits.length).toBe(expected.length * stride);
    expect(largestSampleDifference(logits, { stride, expected })).toBeLessThanOrEqual(tolerance);
    expect((await prediction.readLikeliest()).id).toBe(likeliest);
  }
}
