// Runs a graph with onnxruntime-web's CPU build, as a page without WebGPU would.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as ort from "onnxruntime-web/wasm";
import type { GraphBuilder } from "../src/graph-builder.ts";
import type { DecoderConfig } from "../src/model-config.ts";
import { writeOnnxFile } from "../src/onnx-file.ts";

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

/** A folder that is gone after `use`. */
export async function withFolder<Result>(
  use: (folder: string) => Result | Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "fastvlm-onnx-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The bytes that `graph` is written as. */
export function fileBytes(graph: GraphBuilder): Promise<Uint8Array> {
  return withFolder((folder) => {
    const path = join(folder, "graph.onnx");
    const sizeBytes = writeOnnxFile(path, graph);
    const bytes = readFileSync(path);
    if (bytes.length !== sizeBytes)
      throw new Error(`${bytes.length} bytes, announced ${sizeBytes}`);
    return bytes;
  });
}

/** A session of the written graph. */
export async function openSession(graph: GraphBuilder): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(await fileBytes(graph));
}

/** A picture that is different everywhere, [1, 3, height, width]. */
export function wavePixels(height: number, width: number): Float32Array {
  return new Float32Array(3 * height * width).map((_, index) => (Math.sin(index * 0.37) + 1) / 2);
}

/** Runs the vision graph on one picture. */
export async function imageFeatures(
  session: ort.InferenceSession,
  pixels: Float32Array,
  [height, width]: readonly [number, number],
): Promise<{ dims: readonly number[]; values: Float32Array }> {
  const input = new ort.Tensor("float32", pixels, [1, 3, height, width]);
  const { image_features: output } = await session.run({ pixel_values: input });
  return { dims: output!.dims, values: output!.data as Float32Array };
}

/** Runs SmolVLM's vision graph on square tiles, with a mask that is true everywhere. */
export async function tileFeatures(
  session: ort.InferenceSession,
  pixels: Float32Array,
  leading: readonly [batch: number, images: number],
  tileSize: number,
): Promise<{ dims: readonly number[]; values: Float32Array }> {
  const tile = [tileSize, tileSize];
  const mask = new Uint8Array(pixels.length / 3).fill(1);
  const { image_features: output } = await session.run({
    pixel_values: new ort.Tensor("float32", pixels, [...leading, 3, ...tile]),
    pixel_attention_mask: new ort.Tensor("bool", mask, [...leading, ...tile]),
  });
  return { dims: output!.dims, values: output!.data as Float32Array };
}

/** Runs the embedding graph on one sequence. */
export async function embeddings(
  session: ort.InferenceSession,
  ids: readonly number[],
): Promise<{ dims: readonly number[]; values: Float32Array }> {
  const { inputs_embeds: output } = await session.run({ input_ids: integers(ids) });
  return { dims: output!.dims, values: output!.data as Float32Array };
}

/** Decodes `embeds` [tokens, hidden] in pieces of the given lengths, handing keys and values on; the logits of all. */
export async function decode(
  session: ort.InferenceSession,
  config: DecoderConfig,
  embeds: Float32Array,
  pieces: readonly number[],
): Promise<{ logits: Float32Array; cache: ort.InferenceSession.OnnxValueMapType }> {
  const logits: number[] = [];
  let cache = emptyCache(session, config);
  let start = 0;
  for (const count of pieces) {
    const end = start + count;
    const { hiddenSize } = config;
    const piece = embeds.slice(start * hiddenSize, end * hiddenSize);
    const outputs = await session.run({
      inputs_embeds: new ort.Tensor("float32", piece, [1, count, hiddenSize]),
      attention_mask: integers(Array.from({ length: end }, () => 1)),
      position_ids: integers(Array.from({ length: count }, (_, index) => start + index)),
      ...cache,
    });
    logits.push(...(outputs["logits"]!.data as Float32Array));
    cache = Object.fromEntries(
      Object.entries(outputs)
        .filter(([name]) => name.startsWith("present."))
        .map(([name, value]) => [name.replace("present", "past_key_values"), value]),
    );
    start = end;
  }
  return { logits: Float32Array.from(logits), cache };
}

function emptyCache(
  session: ort.InferenceSession,
  { keyValueHeads, headDim }: DecoderConfig,
): Record<string, ort.Tensor> {
  const dims = [1, keyValueHeads, 0, headDim];
  const isHalf = session.inputMetadata.some((input) => input.isTensor && input.type === "float16");
  const empty = () =>
    isHalf
      ? new ort.Tensor("float16", new Uint16Array(0), dims)
      : new ort.Tensor("float32", new Float32Array(0), dims);
  const names = session.inputNames.filter((name) => name.startsWith("past_key_values."));
  return Object.fromEntries(names.map((name) => [name, empty()]));
}

function integers(values: readonly number[]): ort.Tensor {
  return new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
}

/** The root mean square of the difference, relative to the reference. NaN if anything is not finite. */
export function relativeError(values: Float32Array, reference: ArrayLike<number>): number {
  if (values.length !== reference.length) return NaN;
  let difference = 0;
  let square = 0;
  for (const [index, value] of values.entries()) {
    difference += (value - reference[index]!) ** 2;
    square += reference[index]! ** 2;
  }
  return Math.sqrt(difference / square);
}
