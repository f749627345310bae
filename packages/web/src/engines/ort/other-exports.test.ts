/** Files of other exporters than the public ones' (`e2e/fixtures/exporter-decoders`), against what torch and onnxruntime compute. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Decoding, Prediction } from "../runtime.ts";
import type { GraphName, ModelVariant } from "../../protocol/model-descriptor.ts";
import { openGraph } from "../../inference/open-graph.ts";
import { FASTVLM_PORTS } from "../../families/fastvlm/fastvlm.ts";
import { createOnnxRuntime, type GraphPreparation, type OrtRuntime } from "./onnx-runtime.ts";
import { WASM_BUILD } from "../../runtimes/wasm.ts";

const folder = fileURLToPath(
  new URL("../../../../../e2e/fixtures/exporter-decoders/", import.meta.url),
);
const readJson = (name: string): unknown => JSON.parse(readFileSync(folder + name, "utf8"));

interface Expected {
  readonly ids: readonly number[];
  readonly logits: readonly number[];
}
const expected = readJson("expected.json") as Expected;

interface Export {
  readonly decoder: string;
  readonly data?: readonly string[];
  /** Of logits up to 12: 4 bits round more than sums in another order. */
  readonly tolerance: number;
  /** What is made of it on the CPU. */
  readonly prepared: object;
}

const EXPORTS: Readonly<Record<string, Export>> = {
  "optimum: plain operators, no GroupQueryAttention": {
    decoder: "decoder_optimum.onnx",
    tolerance: 1e-3,
    prepared: { logits: "last", kv: "all", unfused: 0 },
  },
  "the builder of 2026: rotation in the attention, packed q/k/v, no position_ids": {
    decoder: "decoder_builder_q4.onnx",
    data: ["model.onnx.data"],
    tolerance: 2.5,
    prepared: { logits: "last", kv: "all", unfused: 0 },
  },
  "prune_lm_head, and weights in two files": {
    decoder: "decoder_pruned.onnx",
    data: ["decoder_pruned.onnx_data", "decoder_pruned.onnx_data_1"],
    tolerance: 1e-3,
    prepared: { logits: "last", kv: "all", unfused: 0 },
  },
};

describe("on the CPU", () => {
  it.each(Object.entries(EXPORTS))(
    "has torch's logits: %s",
    async (_, { decoder, data, tolerance, prepared }) => {
      const { runtime, preparations } = await load(decoder, data);
      expect(preparations["decoder"]).toMatchObject(prepared);
      expect(preparations["embed"]).toMatchObject({ embedding: "looked-up" });

      const { ids, logits } = expected;
      const whole = runtime.startDecoding();
      expectNear(await append(whole, ids), logits, tolerance);
      // In pieces, and where a sequence branches off another that went elsewhere.
      const other = runtime.startDecoding();
      await append(other, ids.slice(0, 12));
      await append(other, [5, 6, 7]);
      const branch = other.fork(12);
      expectNear(await append(branch, ids.slice(12, -1)), undefined, 0);
      const again = branch.fork(ids.length - 1);
      await append(branch, [9]); // What they share is not the other's to change.
      branch.dispose();
      expectNear(await append(again, ids.slice(-1)), logits, tolerance);
      await runtime.dispose();
    },
  );

  it("refuses a graph whose weights are in a file that is not listed, and says which", async () => {
    await expect(load("decoder_pruned.onnx", ["decoder_pruned.onnx_data"])).rejects.toMatchObject({
      code: "model-invalid",
      message: expect.stringContaining('"decoder_pruned.onnx_data_1"') as string,
      details: { file: "decoder" },
    });
  });

  it("refuses weights beyond the end of their file", async () => {
    const opening = load(
      "decoder_pruned.onnx",
      ["decoder_pruned.onnx_data", "decoder_pruned.onnx_data_1"],
      1000,
    );
    await expect(opening).rejects.toMatchObject({
      code: "model-invalid",
      message: expect.stringContaining("which has 1000 bytes") as string,
    });
  });

  it("computes with heads as FastVLM-1.5B has them, 12 and 2 of 128, from shapes alone", async () => {
    const { embeds, logits } = readJson("heads.json") as {
      embeds: number[];
      logits: Record<string, number[]>;
    };
    const { runtime } = await load("decoder_heads_q4.onnx");
    const image = (from: number, to: number) => ({
      kind: "image" as const,
      features: { tokens: to - from, values: Float32Array.from(embeds.slice(from * 32, to * 32)) },
    });
    const decoding = runtime.startDecoding();
    const first = await (await decoding.append([image(0, 8)])).readLogits();
    expectNear(first, logits["8"], 2e-3);
    const next = await (await decoding.append([image(8, 9)])).readLogits();
    expectNear(next, logits["9"], 2e-3);
    await runtime.dispose();
  });
});

async function append(decoding: Decoding, ids: readonly number[]): Promise<Float32Array> {
  const prediction: Prediction = await decoding.append([{ kind: "tokens", ids }]);
  return prediction.readLogits();
}

function expectNear(
  actual: Float32Array,
  wanted: readonly number[] | undefined,
  tolerance: number,
): void {
  const distance = Math.max(
    ...Array.from(actual, (one, index) => Math.abs(one - (wanted?.[index] ?? one))),
  );
  expect(distance).toBeLessThanOrEqual(tolerance);
}

/** @param cutTo bytes that are left of files beside the graph */
async function load(
  decoder: string,
  data: readonly string[] = [],
  cutTo = Infinity,
): Promise<{ runtime: OrtRuntime; preparations: Partial<Record<GraphName, GraphPreparation>> }> {
  const at = (name: string): string => `onnx/${name}`;
  const variant: ModelVariant = {
    id: "test",
    device: "wasm",
    graphs: {
      vision: at("vision_encoder.onnx"),
      embed: at("embed_tokens.onnx"),
      decoder: at(decoder),
    },
    externalData: { embed: [at("embed_tokens.onnx_data")], decoder: data.map(at) },
  };
  const open = (path: string) => {
    const isCut = data.map(at).includes(path);
    const bytes = new Uint8Array(readFileSync(folder + path)).slice(0, isCut ? cutTo : undefined);
    return Promise.resolve({
      size: bytes.byteLength,
      read: (start: number, end: number) => bytes.slice(start, end),
      close: () => undefined,
    });
  };
  const preparations: Partial<Record<GraphName, GraphPreparation>> = {};
  const runtime = await createOnnxRuntime({
    device: "wasm",
    wasmThreads: 1,
    source: { builds: WASM_BUILD, files: undefined },
    maxPositions: 512,
    imageSize: 256,
    ports: FASTVLM_PORTS,
    openFile: (graph) => openGraph({ open }, variant, graph),
    onDeviceLost: () => undefined,
    onSessionCreated: () => undefined,
    onGraphPrepared: (graph, how) => {
      preparations[graph] = how;
    },
  });
  return { runtime, preparations };
}
