/** A graph's file, open: its structure is read from here, and ORT takes its weights from here. */

import {
  ifReadable,
  outlineModel,
  putInARow,
  type ByteSource,
  type ExternalFile,
  type GraphOutline,
} from "@fastvlm-kit/onnx/graph";
import { VlmError } from "../../protocol/errors.ts";

/** Verified, wherever it is kept. */
export interface GraphFile extends ByteSource {
  /** The files that the graph may keep weights in. */
  readonly externalData?: readonly ExternalFile[];
  /** Nothing can be read afterwards, of the files beside it neither. */
  close(): void;
}

export interface Graph {
  readonly file: GraphFile;
  /** Undefined for what has no usual structure, also where the file is damaged: ORT has the last word on that. */
  readonly model: GraphOutline | undefined;
  /** Where the graph, or a rewrite of it, has its weights. */
  readonly weights: ByteSource;
}

/**
 * @param name names the file in errors
 * @throws {VlmError} `model-invalid` where weights are said to be where there are none
 */
export function outlineGraph(file: GraphFile, name: string): Graph {
  const { source, layout } = putInARow(file, file.externalData ?? []);
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
