/** Reads a file in every way that the kit has, as a stranger's file is read. */

import { OnnxError } from "../src/errors.ts";
import { sourceOfBytes } from "../src/graph/byte-source.ts";
import { planDecoder } from "../src/graph/decoder-rewrite.ts";
import { embeddingTable } from "../src/graph/embedding-table.ts";
import { planEncoder } from "../src/graph/encoder-rewrite.ts";
import { inspectModel } from "../src/graph/inspect-model.ts";
import { toText } from "../src/graph/inspection-text.ts";
import { planInt8Vision } from "../src/graph/int8-vision.ts";
import { outlineModel, type GraphOutline } from "../src/graph/model-outline.ts";
import { skeletonOf } from "../src/graph/skeleton.ts";

const WAYS: Readonly<Record<string, (model: GraphOutline) => unknown>> = {
  "planDecoder for a GPU": (model) => {
    const { rewrite } = planDecoder(model, { device: "webgpu", location: "weights" });
    return skeletonOf(model, { location: "weights", ...(rewrite && { edit: rewrite.edit }) });
  },
  "planDecoder for a CPU": (model) => {
    const { rewrite } = planDecoder(model, { device: "wasm" });
    return skeletonOf(model, { location: "weights", ...(rewrite && { edit: rewrite.edit }) });
  },
  planEncoder: (model) => {
    const { edit } = planEncoder(model);
    return skeletonOf(model, { location: "weights", ...(edit && { edit }) });
  },
  planInt8Vision: (model) => planInt8Vision(model, { minModelWeights: 1 }),
  embeddingTable: (model) => embeddingTable(model),
  skeletonOf: (model) => skeletonOf(model, { location: "weights", minTensorBytes: 1 }),
};

export interface Reading {
  /** The ways in which the file can be read. */
  readonly readable: readonly string[];
  /** What was thrown besides an {@link OnnxError}: always a fault of ours. */
  readonly faults: readonly string[];
  /** How long the slowest way took. */
  readonly slowestMs: number;
  readonly slowest: string;
}

export function readEverything(bytes: Uint8Array): Reading {
  const source = sourceOfBytes(bytes);
  const readable: string[] = [];
  const faults: string[] = [];
  let [slowest, slowestMs] = ["", 0];
  const attempt = (name: string, work: () => unknown): void => {
    const startedAt = performance.now();
    try {
      work();
      readable.push(name);
    } catch (error) {
      if (!OnnxError.is(error)) faults.push(`${name}: ${(error as Error).stack ?? String(error)}`);
    }
    const took = performance.now() - startedAt;
    if (took > slowestMs) [slowest, slowestMs] = [name, took];
  };
  attempt("inspectModel", () => toText(inspectModel(source, "model.onnx")));
  for (const [name, way] of Object.entries(WAYS)) {
    attempt(name, () => {
      const model = outlineModel(source, "model.onnx");
      if (model) way(model);
    });
  }
  return { readable, faults, slowestMs, slowest };
}
