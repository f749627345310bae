/** A graph's file, open: its structure is read from here, and ORT takes its weights from here. */

import { sourceOfBytes, type ByteSource } from "../onnx/byte-source.ts";
import { outlineModel, type ModelOutline } from "../onnx/model-outline.ts";
import type { GraphFile } from "./graph-file.ts";
import { lazyBytes, sourceOfBlob } from "./lazy-bytes.ts";

export interface GraphMount {
  readonly source: ByteSource;
  /** Undefined for what has no usual structure, also where the file is damaged: ORT has the last word on that. */
  readonly model: ModelOutline | undefined;
  /** What ORT mounts. */
  readonly data: Uint8Array;
  readonly weights: "lazy" | "mounted";
  /** Bytes of the file; where it is not in memory nothing is kept of them. */
  read(start: number, end: number): Promise<Uint8Array>;
  readWhole(): Promise<Uint8Array>;
}

/** @param name names the file in errors */
export async function openMount(file: GraphFile, name: string): Promise<GraphMount> {
  const blob = await file.blob?.();
  const lazy = blob && sourceOfBlob(blob);
  if (lazy) {
    return {
      source: lazy,
      model: outlineOf(lazy, name),
      data: lazyBytes(lazy),
      weights: "lazy",
      read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
      readWhole: () => file.read(),
    };
  }
  const data = await file.read();
  const source = sourceOfBytes(data);
  return {
    source,
    model: outlineOf(source, name),
    data,
    weights: "mounted",
    read: (start, end) => Promise.resolve(source.read(start, end)),
    readWhole: () => Promise.resolve(data),
  };
}

function outlineOf(source: ByteSource, name: string): ModelOutline | undefined {
  try {
    return outlineModel(source, name);
  } catch {
    return undefined;
  }
}
