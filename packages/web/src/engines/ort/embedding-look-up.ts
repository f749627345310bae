/**
 * Looks up embeddings without a session. The row of a token is read from the stored file when it is needed, and the table
 * is never in memory (decisions/2026-11-23-embedding-looked-up.md).
 */

import {
  ELEMENT_BYTES,
  embeddingTable,
  ifReadable,
  RewriteLog,
  type EmbeddingTable,
} from "@fastvlm-kit/onnx/graph";
import { VlmError } from "../../protocol/errors.ts";
import type { Device } from "../../protocol/model-descriptor.ts";
import type { Embedding } from "./embedding.ts";
import type { Graph } from "./graph-file.ts";
import { readRow, type RowFormat } from "./row-format.ts";

/** How many rows are kept, about 4 MB: those of the chat template and of frequent words. */
const MAX_KEPT_ROWS = 1024;

/** @returns undefined if the graph is more than a table, or is damaged; it then has to run in a session */
export function lookUpEmbedding(
  graph: Graph,
  device: Device,
  log = new RewriteLog(),
): Embedding | undefined {
  const { model } = graph;
  const table = model && ifReadable(() => embeddingTable(model, log));
  return table && createLookUp(graph, table, readFormat(graph, table), device);
}

/** Reads scales and zero points once, because they are small in comparison with the table. */
function readFormat({ weights }: Graph, table: EmbeddingTable): RowFormat {
  const { type, width, scale, zeroPoint } = table;
  const numbers = (at: number | EmbeddingTable["bytes"] | undefined) =>
    typeof at === "object" ? weights.read(at.start, at.end).slice() : at;
  return { type, width, scale: numbers(scale), zeroPoint: numbers(zeroPoint) };
}

function createLookUp(
  { file, weights }: Graph,
  { rows, width, type, bytes }: EmbeddingTable,
  format: RowFormat,
  device: Device,
): Embedding {
  const rowBytes = width * ELEMENT_BYTES[type];
  const kept = new Map<number, Float32Array>(); // the longest unused first

  /** A file may have gone since it was opened. What is made of its bytes is our own, and fails as what it is. */
  const readBytes = (start: number): Uint8Array => {
    try {
      return weights.read(start, start + rowBytes);
    } catch (cause) {
      throw failed(device, cause);
    }
  };

  const read = (id: number): Float32Array => {
    const known = kept.get(id);
    kept.delete(id);
    const row = known ?? readRow(format, id, readBytes(bytes.start + id * rowBytes));
    kept.set(id, row);
    return row;
  };

  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- what reading throws must reject
    rows: async (ids) => {
      const stranger = ids.find((id) => !Number.isInteger(id) || id < 0 || id >= rows);
      if (stranger !== undefined) throw failed(device, new RangeError(`No row ${stranger}`));
      const result = new Float32Array(ids.length * width);
      for (const [place, id] of ids.entries()) result.set(read(id), place * width);
      for (const id of kept.keys()) {
        if (kept.size <= MAX_KEPT_ROWS) break;
        kept.delete(id);
      }
      return result;
    },
    release() {
      kept.clear();
      file.close();
      return Promise.resolve();
    },
  };
}

function failed(device: Device, cause: unknown): VlmError<"session-failed"> {
  return new VlmError(
    "session-failed",
    "The embedding table could not be read. Load the model again.",
    { device, stage: "run", graph: "embed" },
    { cause },
  );
}
