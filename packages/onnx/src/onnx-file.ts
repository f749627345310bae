import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { OnnxError } from "./errors.ts";
import { tensorBytes, type GraphBuilder } from "./graph-builder.ts";

/** Protobuf readers refuse longer messages; larger models need another dtype. */
const maxFileBytes = 2 ** 31 - 1;

/**
 * Writes the graph as one ONNX file and returns its size in bytes.
 *
 * The weights pass through memory one stored tensor at a time. The file appears under its name only when it is
 * complete, so a crash leaves no half model behind.
 *
 * @throws {OnnxError} `file-too-large` before anything is written.
 */
export function writeOnnxFile(path: string, graph: GraphBuilder): number {
  const { head, tensorHeads, tensorTail, sizeBytes } = graph.serialize();
  if (sizeBytes > maxFileBytes) {
    throw new OnnxError(
      "file-too-large",
      { path, sizeBytes },
      `${basename(path)} would take ${Math.round(sizeBytes / 1e6)} MB and one ONNX file holds 2,147. Choose a smaller dtype.`,
    );
  }
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.partial`;
  const descriptor = openSync(partial, "w");
  try {
    writeAll(descriptor, head);
    let next = 0;
    for (const { tensors, bytes } of graph.stored) {
      const chunks = bytes()[Symbol.iterator]();
      for (const tensor of tensors) {
        writeAll(descriptor, tensorHeads[next++]!);
        let missing = tensorBytes(tensor);
        while (missing > 0) {
          const chunk = chunks.next();
          if (chunk.done || chunk.value.length > missing) {
            throw new Error(`"${tensor.name}" has other bytes than declared`);
          }
          writeAll(descriptor, chunk.value);
          missing -= chunk.value.length;
        }
        writeAll(descriptor, tensorTail);
      }
      if (!chunks.next().done)
        throw new Error(`"${tensors.at(-1)?.name}" has more bytes than declared`);
    }
  } catch (error) {
    closeSync(descriptor);
    rmSync(partial, { force: true });
    throw error;
  }
  closeSync(descriptor);
  renameSync(partial, path);
  return sizeBytes;
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) {
    // One call writes at most 2 GiB.
    written += writeSync(descriptor, bytes, written, Math.min(bytes.length - written, 1 << 30));
  }
}
