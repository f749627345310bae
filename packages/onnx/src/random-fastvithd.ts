import type { FastVlmSize } from "./model-sizes.ts";
import {
  randomBias,
  randomWeight,
  type RandomTensor,
  type RandomTensors,
} from "./random-tensors.ts";

const visionPrefix = "model.vision_tower.vision_tower.model.";

/** Adds the tensors of FastViTHD and its projector. */
export function addFastViTHD(
  tensors: RandomTensors,
  { vision, decoder }: FastVlmSize,
  squeezeExcite: number,
): void {
  const convolution = (
    name: string,
    shape: readonly number[],
    extra: Partial<RandomTensor> = {},
  ) => {
    tensors.set(`${visionPrefix}${name}.weight`, { ...randomWeight(shape), ...extra });
    tensors.set(`${visionPrefix}${name}.bias`, randomBias(shape[0]!));
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
        isIdentity: true,
        spread: 0.05,
      });
      index++;
    }
    for (let block = 0; block < blocks[stage]!; block++) {
      const name = `network.${index}.${block}`;
      if (hasAttention) {
        vector(`${name}.norm.weight`, [width], 1, 0.1);
        vector(`${name}.norm.bias`, [width], 0, 0.1);
        tensors.set(
          `${visionPrefix}${name}.token_mixer.qkv.weight`,
          randomWeight([3 * width, width]),
        );
        convolution(`${name}.token_mixer.proj`, [width, width]);
        vector(`${name}.layer_scale_1`, [width, 1, 1], 0.2, 0.1);
        vector(`${name}.layer_scale_2`, [width, 1, 1], 0.2, 0.1);
      } else {
        convolution(`${name}.token_mixer.reparam_conv`, [width, 1, 3, 3], {
          isIdentity: true,
          spread: 0.1,
        });
        vector(`${name}.layer_scale`, [width, 1, 1], 0.2, 0.1);
      }
      tensors.set(
        `${visionPrefix}${name}.convffn.conv.conv.weight`,
        randomWeight([width, 1, 7, 7]),
      );
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
  const louder = (shape: readonly number[]) => ({
    spread: randomWeight(shape).spread * squeezeExcite,
  });
  for (const [part, shape] of [
    ["reduce", [features / 16, features, 1, 1]],
    ["expand", [features, features / 16, 1, 1]],
  ] as const) {
    convolution(`conv_exp.se.${part}`, shape, louder(shape));
  }

  tensors.set("model.mm_projector.0.weight", randomWeight([decoder.hiddenSize, features]));
  tensors.set("model.mm_projector.0.bias", randomBias(decoder.hiddenSize));
  tensors.set(
    "model.mm_projector.2.weight",
    randomWeight([decoder.hiddenSize, decoder.hiddenSize]),
  );
  tensors.set("model.mm_projector.2.bias", randomBias(decoder.hiddenSize));
}
