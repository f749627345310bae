/** Measures how much two frames of a video differ, by their thumbnails. */

/** Side of a thumbnail, in pixels. */
export const THUMBNAIL_SIDE = 16;

/** Side of a block, in pixels: a sixteenth of the thumbnail. A small object that changes still fills most of a block. */
const BLOCK_SIDE = 4;

/** Blocks overlap by half, so that an object on the edge of one block is inside another. */
const BLOCK_STEP = 2;

/**
 * The mean difference of colours in the block that changed most: 0 if it is the same, 1 if black became white. In the mean
 * over the whole frame, a small object that moves would be lost in a flicker of the light.
 *
 * @param one RGBA of an image shrunk to {@link THUMBNAIL_SIDE} squared; so is `other`
 */
export function frameDifference(one: Uint8ClampedArray, other: Uint8ClampedArray): number {
  let largest = 0;
  for (let y = 0; y <= THUMBNAIL_SIDE - BLOCK_SIDE; y += BLOCK_STEP) {
    for (let x = 0; x <= THUMBNAIL_SIDE - BLOCK_SIDE; x += BLOCK_STEP) {
      largest = Math.max(largest, blockDifference(one, other, x, y));
    }
  }
  return largest / (BLOCK_SIDE * BLOCK_SIDE * 3 * 255);
}

/** The sum over the block whose first pixel is at `left`, `top`. Brightness alone would miss a change from red to green. */
function blockDifference(
  one: Uint8ClampedArray,
  other: Uint8ClampedArray,
  left: number,
  top: number,
): number {
  let sum = 0;
  for (let y = top; y < top + BLOCK_SIDE; y += 1) {
    for (let x = left; x < left + BLOCK_SIDE; x += 1) {
      const at = (y * THUMBNAIL_SIDE + x) * 4;
      for (let channel = at; channel < at + 3; channel += 1) {
        sum += Math.abs(one[channel]! - other[channel]!);
      }
    }
  }
  return sum;
}
