import { byteValues, type ChannelRange } from "./channel-range.ts";
import type { OpaqueImage } from "./resample.ts";

/** A square of an image, in the range of an encoder: [3, side, side], planes of red, green and blue. */
export function cropToTensor(
  { data, width }: OpaqueImage,
  { left, top, side }: { left: number; top: number; side: number },
  range: ChannelRange,
): Float32Array<ArrayBuffer> {
  const plane = side * side;
  const tensor = new Float32Array(3 * plane); // [3, side, side]
  const reds = byteValues(range, 0);
  const greens = byteValues(range, 1);
  const blues = byteValues(range, 2);
  let target = 0;
  for (let row = 0; row < side; row += 1) {
    let source = ((top + row) * width + left) * 4;
    for (const end = target + side; target < end; target += 1, source += 4) {
      tensor[target] = reds[data[source]!]!;
      tensor[target + plane] = greens[data[source + 1]!]!;
      tensor[target + 2 * plane] = blues[data[source + 2]!]!;
    }
  }
  return tensor;
}
