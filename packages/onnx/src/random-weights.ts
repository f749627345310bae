// Right-shaped weights without a download: to measure a size's speed and memory, or to test a graph. The numbers are
// a hash of their position, so any row of any tensor can be made on its own and twice the same.

import type { ModelSize } from "./model-sizes.ts";
import { addDecoder } from "./random-decoder.ts";
import { addFastViTHD } from "./random-fastvithd.ts";
import { addSiglip } from "./random-siglip.ts";
import type { RandomTensor, RandomTensors } from "./random-tensors.ts";
import { elementCount, missingTensor, type Weights } from "./weights.ts";

/** Choices about random weights. */
export interface RandomOptions {
  /**
   * How much larger than usual the squeeze-and-excite block's weights are in FastVLM. At the usual size its gates hardly
   * differ from image to image, so that a wrong mean before them is lost in the noise. Default 1.
   */
  squeezeExcite?: number;
}

/**
 * Random weights of a model size, reproducible from `seed`, under the names that the public weights have. They are
 * scaled so that values neither vanish nor explode on their way through the layers; what the model says is nonsense.
 */
export function randomWeights(
  size: ModelSize,
  seed: number,
  { squeezeExcite = 1 }: RandomOptions = {},
): Weights {
  const tensors = tensorsOf(size, squeezeExcite);
  const names = [...tensors.keys()];

  const find = (name: string): RandomTensor => {
    const tensor = tensors.get(name);
    if (!tensor) throw missingTensor(name, names);
    return tensor;
  };
  return {
    names,
    has: (name) => tensors.has(name),
    shape: (name) => find(name).shape,
    read: (name) => fill(find(name), keyOf(name, seed), 0, elementCount(find(name).shape)),
    readRows(name, first, count) {
      const tensor = find(name);
      const rowLength = elementCount(tensor.shape.slice(1));
      return fill(tensor, keyOf(name, seed), first * rowLength, count * rowLength);
    },
  };
}

function tensorsOf(size: ModelSize, squeezeExcite: number): RandomTensors {
  const tensors: RandomTensors = new Map();
  switch (size.family) {
    case "fastvlm":
      addFastViTHD(tensors, size, squeezeExcite);
      addDecoder(tensors, size.decoder, "model.");
      break;
    case "smolvlm":
      addSiglip(tensors, size.vision, size.decoder.hiddenSize);
      addDecoder(tensors, size.decoder, "model.text_model.");
      break;
    case "text":
      addDecoder(tensors, size.decoder, "model.");
  }
  return tensors;
}

function fill(
  { shape, centre, spread, isIdentity }: RandomTensor,
  key: number,
  first: number,
  count: number,
): Float32Array {
  const values = new Float32Array(count);
  const toUnit = (2 * spread) / 2 ** 32;
  for (let index = 0; index < count; index++) {
    values[index] = centre - spread + hash(key + first + index) * toUnit;
  }
  if (isIdentity) {
    const kernelSize = elementCount(shape.slice(2));
    for (let index = 0; index < count; index++) {
      if ((first + index) % kernelSize === kernelSize >> 1) values[index]! += 1;
    }
  }
  return values;
}

function keyOf(name: string, seed: number): number {
  let key = hash(seed);
  for (let index = 0; index < name.length; index++) key = hash(key ^ name.charCodeAt(index));
  return key;
}

/** A well-mixed 32-bit hash of a 32-bit integer ("lowbias32"). */
function hash(value: number): number {
  value = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  value = Math.imul(value ^ (value >>> 15), 0x846ca68b);
  return (value ^ (value >>> 16)) >>> 0;
}
