import { join } from "node:path";
import { decoder, type DecoderOptions } from "./decoder.ts";
import { embedTokens } from "./embed-tokens.ts";
import type { DecoderConfig } from "./model-config.ts";
import { writeOnnxFile } from "./onnx-file.ts";
import { fileName, precisionOf, type Dtype, type PrecisionOptions } from "./precision.ts";
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
   * Which graphs. By default all three, except that q4 and q4f16 stand for the decoder alone: the other two keep their
   * floating-point weights there, as in the public files, and are written only when named.
   */
  graphs?: readonly GraphKind[];
  /** Called after each file. */
  onFile?: (file: WrittenFile) => void;
}

/**
 * Writes a FastVLM as ONNX files with the names, inputs and outputs of the public models, and returns them in the order
 * written. The same weights and options give the same bytes.
 *
 * @throws {OnnxError} any of its codes; files written before stay.
 *
 * @example
 * const weights = readSafetensors("FastVLM-0.5B/model.safetensors");
 * const config = readDecoderConfig("FastVLM-0.5B/config.json");
 * exportModel(weights, config, { directory: "out", dtypes: ["int8"] });
 */
export function exportModel(
  weights: Weights,
  config: DecoderConfig,
  options: ExportOptions,
): WrittenFile[] {
  const files: WrittenFile[] = [];
  for (const dtype of options.dtypes) {
    const precision = precisionOf(dtype, options);
    for (const kind of options.graphs ?? defaultGraphs(dtype)) {
      const graph =
        kind === "vision"
          ? visionEncoder(weights, precision, options)
          : kind === "embed"
            ? embedTokens(weights, precision, options)
            : decoder(weights, config, precision, options);
      const path = join(options.directory, "onnx", fileName(graph.name, dtype));
      const file = { path, sizeBytes: writeOnnxFile(path, graph) };
      files.push(file);
      options.onFile?.(file);
    }
  }
  return files;
}

function defaultGraphs(dtype: Dtype): readonly GraphKind[] {
  return dtype.startsWith("q4") ? ["decoder"] : graphKinds;
}
