import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sourceOfBytes, type ByteSource } from "./byte-source.ts";
import { buildModel, stored } from "./fixtures/build-model.ts";
import { inspectModel, type ModelInspection } from "./inspect-model.ts";

/** The small FastVLM that the official exporters made (tools/exporter-fixtures). */
const FOLDER = new URL("../../../../e2e/fixtures/exported-fastvlm/onnx/", import.meta.url);

describe("inspectModel", () => {
  it("tells a decoder of the official builder, and that everything is done for it", () => {
    const found = inspectModel(openExported("decoder_model_merged_q4"), "decoder.onnx");
    expect(found).toMatchObject({
      graph: "decoder",
      irVersion: 7,
      opsets: [
        { domain: "ai.onnx", version: 14 },
        { domain: "com.microsoft", version: 1 },
      ],
      saidToBeHere: 18,
      canBeCaptured: true,
      unknown: [],
    });
    expect(found.producer).toContain("onnxruntime-genai");
    expect(found.inputs[0]).toEqual({
      name: "inputs_embeds",
      type: "float32",
      shape: ["batch_size", "sequence_length", 64],
    });
    const products = found.tensors.find(({ type }) => type === "uint8");
    expect(products).toMatchObject({ usedBy: "com.microsoft::MatMulNBits", count: 22 });
    expect(appliedOf(found)).toEqual({
      "last-logits": 1,
      "no-wide-window": 0,
      "fused-biases": 9,
      "fused-rotation": 3,
      "joined-products": 3,
      "told-lengths": 3,
    });
  });

  it("tells the sizes of images of an encoder, and the rows of an embedding", () => {
    const encoder = inspectModel(openExported("vision_encoder"), "vision.onnx");
    expect(encoder).toMatchObject({ graph: "vision", imageSize: "any" });
    expect(appliedOf(encoder)).toEqual({
      "mean-over-map": 1,
      "fused-gelu": 0,
      "no-open-mask": 0,
      "fused-biases": 0,
    });
    const embedding = inspectModel(openExported("embed_tokens_int8"), "embed.onnx");
    expect(embedding.graph).toBe("embed");
    expect(appliedOf(embedding)).toEqual({ "looked-up-rows": 1 });
  });

  it("reads a small part of a large file", () => {
    const weights = new Float32Array(4_000_000);
    const file = buildModel({
      nodes: [{ operator: "Gather", inputs: ["table", "input_ids"], outputs: ["inputs_embeds"] }],
      inputs: { input_ids: [7, ["batch", "tokens"]] },
      outputs: { inputs_embeds: [1, ["batch", "tokens", 1000]] },
      tensors: [stored("table", [4000, 1000], weights, "float32")],
    });
    let readBytes = 0;
    const counting: ByteSource = {
      size: file.byteLength,
      read: (start, end) => {
        readBytes += end - start;
        return file.subarray(start, end);
      },
    };
    expect(inspectModel(counting, "large.onnx").graph).toBe("embed");
    expect(readBytes).toBeLessThan(1_000_000);
  });
});

function appliedOf({ devices: { webgpu } }: ModelInspection): Record<string, number> {
  expect(webgpu.flatMap(({ missed }) => missed)).toEqual([]);
  return Object.fromEntries(webgpu.map(({ name, applied }) => [name, applied]));
}

function openExported(name: string): ByteSource {
  return sourceOfBytes(new Uint8Array(readFileSync(new URL(`${name}.onnx`, FOLDER))));
}
