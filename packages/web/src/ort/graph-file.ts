/** A graph's file, open: its structure is read from here, and ORT takes its weights from here. */

import type { ByteSource } from "../onnx/byte-source.ts";
import { outlineModel, type ModelOutline } from "../onnx/model-outline.ts";

/** Verified, wherever it is kept. */
export interface GraphFile extends ByteSource {
  /** Nothing can be read afterwards. */
  close(): void;
}

export interface Graph {
  readonly file: GraphFile;
  /** Undefined for what has no usual structure, also where the file is damaged: ORT has the last word on that. */
  readonly model: ModelOutline | undefined;
  /** Where a rewrite of the graph has its weights, if not in the file alone. */
  readonly weights?: ByteSource;
}

/** @param name names the file in errors */
export function outlineGraph(file: GraphFile, name: string): Graph {
  try {
    return { file, model: outlineModel(file, name) };
  } catch {
    return { file, model: undefined };
  }
}
