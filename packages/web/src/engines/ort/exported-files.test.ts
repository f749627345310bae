/** Files of the official exporters, through the whole runtime on WASM: nothing here was written by our own writer. */

import { expect, describe, it } from "vitest";
import {
  decoderName,
  EXPORTED_DECODERS,
  largestSampleDifference,
  openExported,
  readReference,
  type ExpectedCall,
  type ExportedDecoder,
} from "../../../test/exported-files.ts";
import {
  DECODER_LAYERS,
  exportedImage,
  exportedRows,
  HIDDEN,
  POSITIONS,
} from "../../../test/exported-inputs.ts";
import type { Decoding } from "../runtime.ts";
import { lookUpEmbedding } from "./embedding-look-up.ts";
import { outlineGraph } from "./graph-file.ts";
import { FASTVLM_PORTS } from "../../families/fastvlm/fastvlm.ts";
import { createOnnxRuntime, type GraphPreparation, type OrtRuntime } from "./onnx-runtime.ts";
import { WASM_BUILD } from "../../runtimes/wasm.ts";

const reference = readReference();

/**
 * Of logits up to 5. Where numbers are rounded to int8 or float16 on the way, one that lies between two may fall to the
 * other. For uint8 the difference is 0.018, and it was 0.27 while the reference ran its prompt in another number of runs.
 */
const LOGITS_TOLERANCE: Readonly<Record<ExportedDecoder, number>> = {
  fp32: 2e-5,
  q4: 2e-5,
  int8: 1e-2,
  uint8: 2e-2,
  fp16: 3e-2,
  q4f16: 3e-2,
};

/** How far features up to 4.3 may be from PyTorch's in float32. */
const FEATURES_TOLERANCE: Readonly<Record<string, number>> = {
  vision_encoder: 2e-5,
  vision_encoder_slimmed: 2e-5,
  vision_encoder_fp16: 2e-2,
};

interface Loaded {
  readonly runtime: OrtRuntime;
  readonly prepared: Readonly<Partial<Record<string, GraphPreparation>>>;
}

async function load({
  vision = "vision_encoder",
  dtype = "int8",
}: { vision?: string; dtype?: ExportedDecoder } = {}): Promise<Loaded> {
  const files = { vision, embed: "embed_tokens_int8", decoder: decoderName(dtype) };
  const prepared: Partial<Record<string, GraphPreparation>> = {};
  const runtime = await createOnnxRuntime({
    device: "wasm",
    wasmThreads: 1,
    source: { builds: WASM_BUILD, files: undefined },
    imageSize: 1024,
    ports: FASTVLM_PORTS,
    maxPositions: POSITIONS,
    openFile: (graph) => Promise.resolve(openExported(files[graph])),
    onDeviceLost: () => undefined,
    onSessionCreated: () => undefined,
    onGraphPrepared: (graph, how) => (prepared[graph] = how),
  });
  return { runtime, prepared };
}

describe.each(Object.keys(FEATURES_TOLERANCE))("the exported %s", (vision) => {
  // The largest takes longest, and one of the files is enough for it.
  const sides = Object.keys(reference.features).filter(
    (side) => vision === "vision_encoder" || ["64", "512", "1024"].includes(side),
  );
  it(`has PyTorch's features at ${sides.join(", ")} px`, async () => {
    const { runtime, prepared } = await load({ vision });
    expect(prepared["vision"]).toMatchObject({ imageSize: "free" });
    for (const side of sides) {
      const { tokens, stride, values: expected } = reference.features[side]!;
      const size = Number(side);
      const features = await runtime.encodeImage({ data: exportedImage(size), size });
      expect(features.tokens).toBe(tokens);
      const { values } = features;
      expect(values.length).toBe(tokens * HIDDEN);
      const difference = largestSampleDifference(values, { stride, expected });
      expect(difference, `at ${side} px`).toBeLessThan(FEATURES_TOLERANCE[vision]!);
    }
    await runtime.dispose();
  });
});

describe.each(EXPORTED_DECODERS)("the exported decoder in %s", (dtype) => {
  it("has native ONNX Runtime's logits over a prompt, steps and a fork", async () => {
    const { runtime, prepared } = await load({ dtype });
    // What is done for files of our own writer: attention in float16 is left as it is, which is for GPUs.
    const unfused = dtype.endsWith("16") ? 0 : DECODER_LAYERS;
    expect(prepared["decoder"]).toMatchObject({ logits: "last", kv: "new", unfused });
    const { steps, fork } = reference.logits[dtype];
    const decoding = runtime.startDecoding();
    await expectCalls(runtime, decoding, steps, LOGITS_TOLERANCE[dtype]);
    const branch = decoding.fork(steps[0]!.ids.length);
    await expectCalls(runtime, branch, fork, LOGITS_TOLERANCE[dtype]);
    await runtime.dispose();
  });
});

it.each(["fp16", "int8"] as const)("the exported embedding in %s is looked up", async (dtype) => {
  const graph = outlineGraph(openExported(`embed_tokens_${dtype}`), "embed");
  const embedding = lookUpEmbedding(graph, "wasm");
  expect(embedding).toBeDefined();
  const { ids, stride, [dtype]: expected } = reference.embeddings;
  const rows = await embedding!.rows(ids);
  expect(rows.length).toBe(ids.length * HIDDEN);
  expect(largestSampleDifference(rows, { stride, expected })).toBeLessThan(1e-7);
});

async function expectCalls(
  runtime: OrtRuntime,
  decoding: Decoding,
  calls: readonly ExpectedCall[],
  tolerance: number,
): Promise<void> {
  const { stride } = reference.logits;
  for (const { ids, values: expected, likeliest } of calls) {
    const features = { tokens: ids.length, values: exportedRows(ids) };
    const prediction = await decoding.append([{ kind: "image", features }]);
    const logits = await prediction.readLogits();
    expect(logits.length).toBe(expected.length * stride);
    expect(largestSampleDifference(logits, { stride, expected })).toBeLessThanOrEqual(tolerance);
    expect((await prediction.readLikeliest()).id).toBe(likeliest);
  }
}
