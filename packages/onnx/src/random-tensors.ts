import { elementCount } from "./weights.ts";

/** What a set of random weights consists of, by the names of the tensors. */
export type RandomTensors = Map<string, RandomTensor>;

/** A tensor's shape, the middle of its numbers and how far they reach to both sides. */
export interface RandomTensor {
  readonly shape: readonly number[];
  readonly centre: number;
  readonly spread: number;
  /** Added to the middle of each depthwise kernel, so that a block without a residual passes its input on. */
  readonly isIdentity?: boolean;
}

/** Uniform numbers whose variance is 1 / fan-in: an output varies as much as the inputs do. */
export function randomWeight(shape: readonly number[]): RandomTensor {
  return { shape, centre: 0, spread: Math.sqrt(3 / elementCount(shape.slice(1))) };
}

/** Small numbers to add to each output. */
export function randomBias(size: number): RandomTensor {
  return { shape: [size], centre: 0, spread: 0.02 };
}

/** Factors near 1, one for each channel of a norm. */
export function randomScale(size: number): RandomTensor {
  return { shape: [size], centre: 1, spread: 0.1 };
}
