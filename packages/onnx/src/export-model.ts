import { join } from "node:path";
import { decoder, type DecoderOptions } from "./decoder.ts";
import { embedTokens } from "./embed-tokens.ts";
import { OnnxError } from "./errors.ts";
import type { GraphBuilder } from "./graph-builder.ts";
import type { ModelConfig } from "./model-config.ts";
import { writeOnnxFile } from "./onnx-file.ts";
import {
  fileName,
  precisionOf,
  type Dtype,
  type Precision,
  type PrecisionOptions,
} from "./precision.ts";
import { siglipEncoder } from "./siglip-encoder.ts";
import { visionEncoder, type VisionOptions } from "./vision-encoder.ts";
import type { Weights } from "./weights.ts";

/** The three graphs, by what they do. */
export const graphKinds = ["vision", "embed", "decoder"] as const;

/** One of the three graphs. */
export type GraphKind = (typeof graphKinds)[number];

/** What {@link exportModel} wrote. */
export interface WrittenFile {
  readonly path: string;
  readonly sizeBytes: number;
}

/** What to write. */
export interface ExportOptions extends PrecisionOptions, DecoderOptions, VisionOptions {
  /** The folder that gets an `onnx` folder. */
  directory: string;
  /** Which dtypes. */
  dtypes: readonly Dtype[];
  /**
   * Which graphs. By default all that the model has, except that FastVLM's q4 and q4f16 stand for the decoder alone: the
   * other two keep their floating-point weights there, as in the public files, and are written only when named.
   */
  graphs?: readonly GraphKind[];
  /** Called after each file. */
  onFile?: (file: WrittenFile) => void;
}

/**
 * Writes a FastVLM, a SmolVLM, or a Llama or Qwen2 without a vision encoder as ONNX files with the names, inputs and outputs of the public models, and returns them in the order
 * written. The same weights and options give the same bytes.
 *
 * @throws {OnnxError} any of its codes; files written before stay.
 *
 * @example
 * const weights = readSafetensors("FastVLM-0.5B/model.safetensors");
 * const config = readModelConfig("FastVLM-0.5B/config.json");
 * exportModel(weights, config, { directory: "out", dtypes: ["int8"] });
 */
export function exportModel(
  weights: Weights,
  config: ModelConfig,
  options: ExportOptions,
): WrittenFile[] {
  const files: WrittenFile[] = [];
  for (const dtype of options.dtypes) {
    const precision = precisionOf(dtype, options);
    for (const kind of options.graphs ?? defaultGraphs(config, dtype)) {
      const graph = graphOf(kind, weights, config, precision, options);
      const path = join(options.directory, "onnx", fileName(graph.name, dtype));
      const file = { path, sizeBytes: writeOnnxFile(path, graph) };
      files.push(file);
      options.onFile?.(file);
    }
  }
  return files;
}

function graphOf(
  kind: GraphKind,
  weights: Weights,
  config: ModelConfig,
  precision: Precision,
  options: ExportOptions,
): GraphBuilder {
  if (kind === "embed") return embedTokens(weights, precision, options);
  if (kind === "decoder") return decoder(weights, config.decoder, precision, options);
  switch (config.family) {
    case "fastvlm":
      return visionEncoder(weights, precision, options);
    case "smolvlm":
      return siglipEncoder(weights, config, precision, options);
    case "text":
      throw new OnnxError(
        "config-invalid",
        { field: "model_type" },
        "config.json is of a decoder without a vision encoder. Write the graphs embed and decoder only.",
      );
  }
}

function defaultGraphs({ family }: ModelConfig, dtype: Dtype): readonly GraphKind[] {
  if (family === "fastvlm" && dtype.startsWith("q4")) return ["decoder"];
  return family === "text" ? ["embed", "decoder"] : graphKinds;
}
