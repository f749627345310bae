/** How much two frames of a video differ, told from thumbnails. */

/** Side of a thumbnail, in pixels. */
export const THUMBNAIL_SIDE = 16;

/** A part of the image, a sixteenth of it: small enough that one thing which changes is most of it. */
const BLOCK_SIDE = 4;

/** Blocks overlap by half, so that what lies on the edge of one is inside another. */
const BLOCK_STEP = 2;

/**
 * The mean difference of colours in that part of the image which changed most: 0 is the same, 1 is black
 * beside white. The mean over all of the image would lose a small thing that moves in a flicker of the light.
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

/** The sum over the block whose first pixel is at `left`, `top`. Brightness alone would miss red for green. */
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
