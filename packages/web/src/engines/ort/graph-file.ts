/** A graph's structure, read from its open file, and the bytes that ORT takes its weights from. */

import {
  ifReadable,
  outlineModel,
  joinFiles,
  type ByteSource,
  type GraphOutline,
} from "@fastvlm-kit/onnx/graph";
import { VlmError } from "../../protocol/errors.ts";
import type { GraphFile } from "../graph-file.ts";

export interface Graph {
  readonly file: GraphFile;
  /** The structure; undefined if the file has an unusual one or is damaged. ORT decides about such files. */
  readonly model: GraphOutline | undefined;
  /** The source of the weights, of the graph or of its rewrite. */
  readonly weights: ByteSource;
}

/**
 * @param name the name of the file in errors
 * @throws {VlmError} `model-invalid` if the graph names a place for weights where there are none
 */
export function outlineGraph(file: GraphFile, name: string): Graph {
  const { source, layout } = joinFiles(file, file.externalData ?? []);
  const model = ifReadable(() => outlineModel(source, name, layout));
  const trouble = model?.tensors.find((tensor) => tensor.trouble !== undefined)?.trouble;
  if (trouble !== undefined) {
    throw new VlmError(
      "model-invalid",
      `The ${name} graph keeps ${trouble}. List all files of its weights under \`externalData\`, ` +
        "or give the files that were exported together.",
      { file: name, reason: `external data: ${trouble}` },
    );
  }
  return { file, model, weights: source };
}
