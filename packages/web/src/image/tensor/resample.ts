/**
 * Resizes images as Pillow does, byte for byte. The two passes are WebAssembly (`kernels/resize.wat`), because they are
 * fifty million products for a picture in five tiles.
 */

import type { Size } from "../formats/size.ts";
import { rowsNeeded, type AxisWeights } from "./axis-weights.ts";
import { RESIZE_KERNEL } from "./resize-kernel.ts";

/** Decoded pixels, as `ImageData` has them: RGBA, not premultiplied, row by row from the top. */
export interface ImagePixels extends Size {
  readonly data: Uint8ClampedArray; // [height, width, 4]
}

/** An image that was laid over a background: red, green, blue, and a byte without meaning. */
export interface OpaqueImage extends Size {
  readonly data: Uint8Array; // [height, width, 4]
}

/** Red, green and blue, 0..255. */
export type Colour = readonly [red: number, green: number, blue: number];

export interface Resample {
  /** The size of the result. Where no axis sees the image, it is black. */
  readonly size: Size;
  /** Without weights, the axis stays as it is. */
  readonly columns?: AxisWeights;
  readonly rows?: AxisWeights;
  /** The colour behind transparent pixels. Without one, pixels are taken as opaque. */
  readonly background?: Colour;
}

interface Kernel {
  readonly memory: WebAssembly.Memory;
  flatten(at: number, end: number, red: number, green: number, blue: number): void;
  resizeRows(
    ...args: [
      source: number,
      sourceStride: number,
      rows: number,
      target: number,
      targetStride: number,
      ...axis: AxisArgs,
    ]
  ): void;
  resizeColumns(...args: [source: number, target: number, stride: number, ...axis: AxisArgs]): void;
}

/** `starts`, `counts` and `weights` are addresses. */
type AxisArgs = [
  first: number,
  last: number,
  starts: number,
  counts: number,
  weights: number,
  weightStride: number,
];

const PIXEL_BYTES = 4;
const PAGE_BYTES = 2 ** 16;

/** So much of the source is in the kernel's memory at once. */
const STRIP_BYTES = 2 ** 20;

/** Memory of WebAssembly never shrinks, so a kernel that needed more for a large image is let go. */
const MAX_KEPT_BYTES = 64 * 2 ** 20;

let compiled: WebAssembly.Module | undefined;
let idle: Kernel | undefined;

export function resample(image: ImagePixels | OpaqueImage, options: Resample): OpaqueImage {
  const { size, columns, rows, background } = options;
  const kernel = (idle ??= startKernel());
  const needed = rows ? rowsNeeded(rows) : { first: 0, last: image.height };

  const sourceStride = strideOf(image.width);
  const stride = strideOf(size.width);
  const rowsInStrip = Math.max(1, Math.floor(STRIP_BYTES / sourceStride));
  const take = allocator();
  const columnAxis = columns && placeAxis(columns, take);
  const rowAxis = rows && placeAxis(rows, take);
  const strip = take(rowsInStrip * sourceStride);
  const narrowed = take((needed.last - needed.first) * stride);
  const result = rowAxis ? take(size.height * stride) : narrowed;
  const end = take(0);
  growTo(kernel.memory, end);
  const bytes = new Uint8Array(kernel.memory.buffer);
  bytes.fill(0, narrowed, end);
  columnAxis?.write(kernel.memory);
  rowAxis?.write(kernel.memory);

  for (let row = needed.first; row < needed.last; row += rowsInStrip) {
    const count = Math.min(rowsInStrip, needed.last - row);
    const target = narrowed + (row - needed.first) * stride;
    const source = columnAxis ? strip : target;
    copyRows(image.data, row, count, image.width, bytes, source);
    if (background) kernel.flatten(source, source + count * sourceStride, ...background);
    if (columnAxis) {
      kernel.resizeRows(source, sourceStride, count, target, stride, ...columnAxis.args);
    }
  }
  if (rowAxis) {
    kernel.resizeColumns(narrowed - needed.first * stride, result, stride, ...rowAxis.args);
  }
  const data = readRows(bytes, result, size);
  if (kernel.memory.buffer.byteLength > MAX_KEPT_BYTES) idle = undefined;
  return { ...size, data };
}

function startKernel(): Kernel {
  compiled ??= new WebAssembly.Module(
    Uint8Array.from(atob(RESIZE_KERNEL), (character) => character.charCodeAt(0)),
  );
  return new WebAssembly.Instance(compiled).exports as unknown as Kernel;
}

/** The bytes of a line in the kernel's memory. */
function strideOf(width: number): number {
  return Math.ceil((width * PIXEL_BYTES) / 16) * 16;
}

/** Gives addresses for so many bytes, one after the other. */
function allocator(): (bytes: number) => number {
  let next = 0;
  return (bytes) => {
    const at = next;
    next += Math.ceil(bytes / 16) * 16;
    return at;
  };
}

function growTo(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
}

function placeAxis(
  { first, last, starts, counts, weights, stride }: AxisWeights,
  take: (bytes: number) => number,
): { readonly args: AxisArgs; write(memory: WebAssembly.Memory): void } {
  const arrays = [starts, counts, weights].map(
    (values) => [take(values.byteLength), values] as const,
  );
  const [startsAt, countsAt, weightsAt] = arrays.map(([at]) => at) as [number, number, number];
  return {
    args: [first, last, startsAt, countsAt, weightsAt, stride * Int32Array.BYTES_PER_ELEMENT],
    write(memory) {
      for (const [at, values] of arrays)
        new Int32Array(memory.buffer, at, values.length).set(values);
    },
  };
}

function copyRows(
  from: Uint8Array | Uint8ClampedArray,
  first: number,
  count: number,
  width: number,
  bytes: Uint8Array,
  at: number,
): void {
  const line = width * PIXEL_BYTES;
  const stride = strideOf(width);
  if (stride === line) {
    bytes.set(from.subarray(first * line, (first + count) * line), at);
    return;
  }
  for (let row = 0; row < count; row += 1) {
    const start = (first + row) * line;
    bytes.set(from.subarray(start, start + line), at + row * stride);
  }
}

function readRows(bytes: Uint8Array, at: number, { width, height }: Size): Uint8Array {
  const line = width * PIXEL_BYTES;
  const stride = strideOf(width);
  if (stride === line) return bytes.slice(at, at + height * line);
  const data = new Uint8Array(height * line);
  for (let row = 0; row < height; row += 1) {
    const start = at + row * stride;
    data.set(bytes.subarray(start, start + line), row * line);
  }
  return data;
}
