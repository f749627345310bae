import type { ByteSource } from "@fastvlm-kit/onnx/graph";

/**
 * Bytes for ORT's `externalData`. They are read tensor by tensor, when ORT copies them to its heap or to the GPU, and are
 * never in memory all at once.
 *
 * ORT can also mount Blobs by itself, but only in its JSPI build. All builds take a Uint8Array, and use it in two ways only:
 * they compare offset and length with `byteLength`, and they copy the result of `subarray`. If a version of ORT used it in
 * another way, it would find no bytes. Creating the session would fail, and the file would be loaded as a whole.
 */
export function lazyBytes(source: ByteSource): Uint8Array {
  return Object.defineProperties(new Uint8Array(0), {
    byteLength: { value: source.size },
    subarray: { value: (start: number, end: number) => source.read(start, end) },
  });
}
