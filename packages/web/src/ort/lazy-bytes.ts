/** A Blob that ORT can mount like bytes, without the bytes ever being in memory together. */

import type { ByteSource } from "../onnx/byte-source.ts";

interface SyncReader {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

/** In workers only: pages and Node have none. */
const { FileReaderSync: BlobReader } = globalThis as { FileReaderSync?: new () => SyncReader };

/**
 * The file behind a Blob, read piece by piece and synchronously, as ORT needs it; undefined where
 * this realm cannot.
 */
export function sourceOfBlob(blob: Blob): ByteSource | undefined {
  if (!BlobReader) return undefined;
  const reader = new BlobReader();
  return {
    size: blob.size,
    read: (start, end) => new Uint8Array(reader.readAsArrayBuffer(blob.slice(start, end))),
  };
}

/**
 * Bytes for ORT's `externalData`, read tensor by tensor when ORT copies them to where it computes.
 *
 * ORT's own lazy mounting of Blobs needs its JSPI build. All its builds take a Uint8Array, and look
 * at it in two ways only: they hold offset and length against `byteLength`, and copy what `subarray`
 * gives. Should a version of ORT look at it otherwise it finds no bytes, the creation fails, and the
 * file is loaded whole.
 */
export function lazyBytes(source: ByteSource): Uint8Array {
  return Object.defineProperties(new Uint8Array(0), {
    byteLength: { value: source.size },
    subarray: { value: (start: number, end: number) => source.read(start, end) },
  });
}
