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
  /** Gives the memory back, where there is some. Nothing can be read afterwards. */
  release(): void;
}

/**
 * @param name names the file in errors
 * @param inMemory reads all of the file first: faster, and as much memory for as long as it is open
 */
export async function openMount(
  file: GraphFile,
  name: string,
  { inMemory = false } = {},
): Promise<GraphMount> {
  const blob = inMemory ? undefined : await file.blob?.();
  const lazy = blob && sourceOfBlob(blob);
  if (lazy) {
    return {
      source: lazy,
      model: outlineOf(lazy, name),
      data: lazyBytes(lazy),
      weights: "lazy",
      read: async (start, end) => new Uint8Array(await blob.slice(start, end).arrayBuffer()),
      readWhole: () => file.read(),
      release: () => undefined,
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
    release: () => {
      detach(data.buffer);
    },
  };
}

/** Half a gigabyte should not wait for the garbage collector. Browsers before 2024 let it. */
function detach(buffer: ArrayBuffer): void {
  (buffer as { transfer?: (bytes: number) => ArrayBuffer }).transfer?.(0);
}

function outlineOf(source: ByteSource, name: string): ModelOutline | undefined {
  try {
    return outlineModel(source, name);
  } catch {
    return undefined;
  }
}
