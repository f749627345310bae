/** What a vision graph takes for one tile, by the names of its ports. */

import type { ImageTensor, VisionPorts } from "./runtime.ts";

/** A value for an input of a graph. */
export type GraphInput = {
  readonly name: string;
  readonly shape: readonly number[];
} & (
  | { readonly type: "float"; readonly values: Float32Array }
  /** A byte for each value, 0 or 1. */
  | { readonly type: "bool"; readonly values: Uint8Array }
);

/** The pixels and, where the graph asks for it, a mask that says that all of them count. */
export function visionInputs(ports: VisionPorts, { data, size }: ImageTensor): GraphInput[] {
  const batch = ports.hasTileAxis ? [1, 1] : [1];
  const pixels: GraphInput = {
    name: ports.pixels,
    shape: [...batch, 3, size, size],
    type: "float",
    values: data,
  };
  if (ports.mask === undefined) return [pixels];
  const values = new Uint8Array(size * size).fill(1);
  return [pixels, { name: ports.mask, shape: [...batch, size, size], type: "bool", values }];
}
