import type { ByteSource } from "@fastvlm-kit/onnx/graph";

/**
 * Bytes for ORT's `externalData`, read tensor by tensor when ORT copies them to where it computes,
 * without ever being in memory together.
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
