/** The small FastVLM that the official exporters made, and what it has to give (tools/exporter-fixtures). */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sourceOfBytes } from "../../onnx/src/graph/byte-source.ts";
import type { GraphFile } from "../src/engines/graph-file.ts";

const FOLDER = fileURLToPath(new URL("../../../e2e/fixtures/exported-fastvlm/", import.meta.url));

/** What follows a call on a sequence. */
export interface ExpectedCall {
  readonly ids: readonly number[];
  readonly likeliest: number;
  /** Every nth logit. */
  readonly values: readonly number[];
}

interface Reference {
  readonly features: Readonly<
    Record<
      string,
      { readonly tokens: number; readonly stride: number; readonly values: readonly number[] }
    >
  >;
  readonly embeddings: {
    readonly ids: readonly number[];
    readonly stride: number;
    readonly fp16: readonly number[];
    readonly int8: readonly number[];
  };
  readonly logits: { readonly stride: number } & Readonly<
    Record<
      ExportedDecoder,
      { readonly steps: readonly ExpectedCall[]; readonly fork: readonly ExpectedCall[] }
    >
  >;
}

export const EXPORTED_DECODERS = ["fp32", "fp16", "int8", "uint8", "q4", "q4f16"] as const;
export type ExportedDecoder = (typeof EXPORTED_DECODERS)[number];

export function readReference(): Reference {
  return JSON.parse(readFileSync(`${FOLDER}reference.json`, "utf8")) as Reference;
}

/** A graph's file by its name without the ending. */
export function openExported(name: string): GraphFile {
  const bytes = new Uint8Array(readFileSync(`${FOLDER}onnx/${name}.onnx`));
  return { ...sourceOfBytes(bytes), close: () => undefined };
}

export function decoderName(dtype: ExportedDecoder): string {
  return dtype === "fp32" ? "decoder_model_merged" : `decoder_model_merged_${dtype}`;
}

/** The largest difference between samples and the values that they were taken of. */
export function largestSampleDifference(
  values: Float32Array,
  { stride, expected }: { readonly stride: number; readonly expected: readonly number[] },
): number {
  return expected.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - values[index * stride]!)),
    0,
  );
}
