/**
 * Resampling along one axis with Pillow's numbers: the references of all families resize with
 * Pillow, so the weights, their fixed-point form and the rounding are Pillow's to the bit
 * (`ImagingResample` in its `Resample.c`).
 */

/** How much a source pixel counts, by its distance from the output pixel. */
export interface ResizeFilter {
  /** Farther away, in output pixels when shrinking, all weights are zero. */
  readonly support: number;
  readonly weightAt: (distance: number) => number;
}

/** Pillow's `BICUBIC`. */
export const BICUBIC: ResizeFilter = { support: 2, weightAt: bicubic };

/** Pillow's `LANCZOS`, of three lobes. */
export const LANCZOS: ResizeFilter = { support: 3, weightAt: lanczos };

const FILTER_A = -0.5;

/** Bits after the point of a weight: 8 bits of pixel and 2 of overshoot leave 22 of 32. The kernel counts on it. */
export const WEIGHT_BITS = 22;

/** For each output position, which source positions it is mixed from and how. */
export interface AxisWeights {
  /** The first output position that sees the image. Before it, and from `last` on, is padding. */
  readonly first: number;
  readonly last: number;
  /** By output position: the first source position. */
  readonly starts: Int32Array;
  /** By output position: how many source positions. */
  readonly counts: Int32Array;
  /** `stride` fixed-point weights for each output position. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** One axis of a resize, in positions of the source line and of the output line. */
export interface Axis {
  /** Length of the image. */
  readonly sourceLength: number;
  /** Where the image begins on the line that is resized: the width of the padding before it. */
  readonly sourceOffset: number;
  /** Length of the line that is resized: image and padding. */
  readonly lineLength: number;
  /** Length that the line is resized to. */
  readonly resizedLength: number;
  /** Where the output begins on the resized line: what is cropped off before it. */
  readonly outputOffset: number;
  readonly outputLength: number;
}

/**
 * The weights of an axis.
 *
 * They are computed for the padded line and then those that fall on padding are dropped, without
 * making up for them: padding is black, and black adds nothing to a sum. So the blend across the
 * seam is that of the padded image, and no padding is ever stored or read.
 */
export function toAxisWeights(axis: Axis, filter: ResizeFilter): AxisWeights {
  const { sourceLength, sourceOffset, lineLength, resizedLength, outputOffset, outputLength } =
    axis;
  const scale = lineLength / resizedLength;
  const filterScale = Math.max(scale, 1); // shrinking widens the filter, or it would skip pixels
  const support = filter.support * filterScale;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputLength);
  const counts = new Int32Array(outputLength);
  const weights = new Int32Array(outputLength * stride);
  const exact = new Float64Array(stride);
  let first = outputLength;
  let last = 0;

  for (let output = 0; output < outputLength; output += 1) {
    const centre = (output + outputOffset + 0.5) * scale;
    const from = Math.max(Math.trunc(centre - support + 0.5), 0);
    const to = Math.min(Math.trunc(centre + support + 0.5), lineLength);
    let sum = 0;
    for (let position = from; position < to; position += 1) {
      const weight = filter.weightAt((position - centre + 0.5) / filterScale);
      exact[position - from] = weight;
      sum += weight;
    }

    const start = Math.max(from, sourceOffset);
    const end = Math.min(to, sourceOffset + sourceLength);
    let count = 0;
    for (let position = start; position < end; position += 1) {
      const weight = Math.round((exact[position - from]! / sum) * (1 << WEIGHT_BITS));
      if (weight === 0 && count === 0) continue; // at a whole scale most outer weights are zero
      if (count === 0) starts[output] = position - sourceOffset;
      weights[output * stride + count] = weight;
      count += 1;
    }
    while (count > 0 && weights[output * stride + count - 1] === 0) count -= 1;
    counts[output] = count;
    if (count > 0) {
      first = Math.min(first, output);
      last = output + 1;
    }
  }
  return { first: Math.min(first, last), last, starts, counts, weights, stride };
}

/** The source rows that any output row is mixed from. */
export function rowsNeeded({ first, last, starts, counts }: AxisWeights): {
  first: number;
  last: number;
} {
  const bottom = last - 1;
  return { first: starts[first]!, last: starts[bottom]! + counts[bottom]! };
}

function bicubic(signedDistance: number): number {
  const x = Math.abs(signedDistance);
  if (x < 1) return ((FILTER_A + 2) * x - (FILTER_A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * FILTER_A;
  return 0;
}

function lanczos(x: number): number {
  return Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI);
}
