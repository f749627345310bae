// Right-shaped weights without a download: to measure a size's speed and memory, or to test a graph. The numbers are
// a hash of their position, so any row of any tensor can be made on its own and twice the same.

import type { ModelSize } from "./model-sizes.ts";
import { elementCount, missingTensor, type Weights } from "./weights.ts";

const visionPrefix = "model.vision_tower.vision_tower.model.";

/** A tensor's shape, the middle of its numbers and how far they reach to both sides. */
interface RandomTensor {
  readonly shape: readonly number[];
  readonly centre: number;
  readonly spread: number;
  /** Added to the middle of each depthwise kernel, so that a block without a residual passes its input on. */
  readonly identity?: boolean;
}

/** Choices about random weights. */
export interface RandomOptions {
  /**
   * How much larger than usual the squeeze-and-excite block's weights are. At the usual size its gates hardly differ
   * from image to image, so that a wrong mean before them is lost in the noise. Default 1.
   */
  squeezeExcite?: number;
}

/**
 * Random weights of a model size, reproducible from `seed`. They are scaled so that values neither vanish nor explode
 * on their way through the layers; what the model says is nonsense.
 */
export function randomWeights(
  size: ModelSize,
  seed: number,
  { squeezeExcite = 1 }: RandomOptions = {},
): Weights {
  const tensors = new Map<string, RandomTensor>();
  addVision(tensors, size, squeezeExcite);
  addDecoder(tensors, size);
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

function addVision(
  tensors: Map<string, RandomTensor>,
  { vision, decoder }: ModelSize,
  squeezeExcite: number,
): void {
  const convolution = (
    name: string,
    shape: readonly number[],
    extra: Partial<RandomTensor> = {},
  ) => {
    tensors.set(`${visionPrefix}${name}.weight`, { ...weight(shape), ...extra });
    tensors.set(`${visionPrefix}${name}.bias`, bias(shape[0]!));
  };
  const vector = (name: string, shape: readonly number[], centre: number, spread: number) =>
    tensors.set(visionPrefix + name, { shape, centre, spread });

  const { channels, blocks, attentionStages } = vision;
  const stem = channels[0]!;
  convolution("patch_embed.0.reparam_conv", [stem, 3, 3, 3]);
  convolution("patch_embed.1.reparam_conv", [stem, 1, 3, 3]);
  convolution("patch_embed.2.reparam_conv", [stem, stem, 1, 1]);

  let index = 0;
  for (const [stage, width] of channels.entries()) {
    const hasAttention = stage >= channels.length - attentionStages;
    if (stage > 0) {
      convolution(`network.${index}.proj.0.lkb_reparam`, [width, 1, 7, 7]);
      convolution(`network.${index}.proj.1.reparam_conv`, [width, width, 1, 1]);
      index++;
    }
    if (hasAttention) {
      convolution(`network.${index}.reparam_conv`, [width, 1, 7, 7], {
        identity: true,
        spread: 0.05,
      });
      index++;
    }
    for (let block = 0; block < blocks[stage]!; block++) {
      const name = `network.${index}.${block}`;
      if (hasAttention) {
        vector(`${name}.norm.weight`, [width], 1, 0.1);
        vector(`${name}.norm.bias`, [width], 0, 0.1);
        tensors.set(`${visionPrefix}${name}.token_mixer.qkv.weight`, weight([3 * width, width]));
        convolution(`${name}.token_mixer.proj`, [width, width]);
        vector(`${name}.layer_scale_1`, [width, 1, 1], 0.2, 0.1);
        vector(`${name}.layer_scale_2`, [width, 1, 1], 0.2, 0.1);
      } else {
        convolution(`${name}.token_mixer.reparam_conv`, [width, 1, 3, 3], {
          identity: true,
          spread: 0.1,
        });
        vector(`${name}.layer_scale`, [width, 1, 1], 0.2, 0.1);
      }
      tensors.set(`${visionPrefix}${name}.convffn.conv.conv.weight`, weight([width, 1, 7, 7]));
      vector(`${name}.convffn.conv.bn.weight`, [width], 1, 0.1);
      vector(`${name}.convffn.conv.bn.bias`, [width], 0, 0.1);
      vector(`${name}.convffn.conv.bn.running_mean`, [width], 0, 0.1);
      vector(`${name}.convffn.conv.bn.running_var`, [width], 1, 0.5);
      convolution(`${name}.convffn.fc1`, [4 * width, width, 1, 1]);
      convolution(`${name}.convffn.fc2`, [width, 4 * width, 1, 1]);
    }
    index++;
  }

  const last = channels.at(-1)!;
  const features = 2 * last;
  convolution("conv_exp.reparam_conv", [features, 1, 3, 3]);
  const louder = (shape: readonly number[]) => ({ spread: weight(shape).spread * squeezeExcite });
  for (const [part, shape] of [
    ["reduce", [features / 16, features, 1, 1]],
    ["expand", [features, features / 16, 1, 1]],
  ] as const) {
    convolution(`conv_exp.se.${part}`, shape, louder(shape));
  }

  tensors.set("model.mm_projector.0.weight", weight([decoder.hiddenSize, features]));
  tensors.set("model.mm_projector.0.bias", bias(decoder.hiddenSize));
  tensors.set("model.mm_projector.2.weight", weight([decoder.hiddenSize, decoder.hiddenSize]));
  tensors.set("model.mm_projector.2.bias", bias(decoder.hiddenSize));
}

function addDecoder(tensors: Map<string, RandomTensor>, { decoder }: ModelSize): void {
  const { hiddenSize, attentionHeads, keyValueHeads, headDim, feedForwardSize, vocabSize } =
    decoder;
  const linear = (name: string, shape: readonly [number, number], hasBias: boolean) => {
    tensors.set(`${name}.weight`, weight(shape));
    if (hasBias) tensors.set(`${name}.bias`, bias(shape[0]));
  };
  const norm = (name: string) =>
    tensors.set(`${name}.weight`, { shape: [hiddenSize], centre: 1, spread: 0.1 });

  tensors.set("model.embed_tokens.weight", weight([vocabSize, hiddenSize]));
  for (let index = 0; index < decoder.layers; index++) {
    const layer = `model.layers.${index}`;
    norm(`${layer}.input_layernorm`);
    linear(`${layer}.self_attn.q_proj`, [attentionHeads * headDim, hiddenSize], true);
    linear(`${layer}.self_attn.k_proj`, [keyValueHeads * headDim, hiddenSize], true);
    linear(`${layer}.self_attn.v_proj`, [keyValueHeads * headDim, hiddenSize], true);
    linear(`${layer}.self_attn.o_proj`, [hiddenSize, attentionHeads * headDim], false);
    norm(`${layer}.post_attention_layernorm`);
    linear(`${layer}.mlp.gate_proj`, [feedForwardSize, hiddenSize], false);
    linear(`${layer}.mlp.up_proj`, [feedForwardSize, hiddenSize], false);
    linear(`${layer}.mlp.down_proj`, [hiddenSize, feedForwardSize], false);
  }
  norm("model.norm");
}

/** Uniform numbers whose variance is 1 / fan-in: an output varies as much as the inputs do. */
function weight(shape: readonly number[]): RandomTensor {
  return { shape, centre: 0, spread: Math.sqrt(3 / elementCount(shape.slice(1))) };
}

function bias(size: number): RandomTensor {
  return { shape: [size], centre: 0, spread: 0.02 };
}

function fill(
  { shape, centre, spread, identity }: RandomTensor,
  key: number,
  first: number,
  count: number,
): Float32Array {
  const values = new Float32Array(count);
  const toUnit = (2 * spread) / 2 ** 32;
  for (let index = 0; index < count; index++) {
    values[index] = centre - spread + hash(key + first + index) * toUnit;
  }
  if (identity) {
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
