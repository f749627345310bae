import { missingTensor, type Weights } from "./weights.ts";

/** One entry of FastViTHD's `network` list. */
export type VisionPart =
  | {
      readonly kind: "stage";
      readonly index: number;
      readonly blocks: number;
      readonly mixer: "convolution" | "attention";
      readonly channels: number;
    }
  | { readonly kind: "downsample"; readonly index: number; readonly channels: number }
  | { readonly kind: "position"; readonly index: number; readonly channels: number };

/** What the vision tower is made of, read off its weights' names and shapes. */
export interface VisionShape {
  /** What stands before every name of the tower. */
  readonly prefix: string;
  /** How many convolutions the stem has; the first two halve the image. */
  readonly stemLayers: number;
  readonly parts: readonly VisionPart[];
  /** The width after the last convolution, which is what the projector reads. */
  readonly featureChannels: number;
  /** The width of the squeeze-excite bottleneck. */
  readonly squeezeChannels: number;
  /** The projector's output: the decoder's hidden size. */
  readonly hiddenSize: number;
}

const firstTensor = "patch_embed.0.reparam_conv.weight";

/**
 * The shape of the FastViTHD tower in these weights, whatever its widths and depths.
 *
 * @throws {OnnxError} `tensor-missing` when the weights hold no such tower.
 */
export function visionShapeFrom(weights: Weights): VisionShape {
  const first = weights.names.find((name) => name.endsWith(firstTensor));
  if (first === undefined)
    throw missingTensor(`model.vision_tower.vision_tower.model.${firstTensor}`, weights.names);
  const prefix = first.slice(0, -firstTensor.length);
  const has = (name: string) => weights.has(prefix + name);
  const width = (name: string) => weights.shape(prefix + name)[0] ?? 0;

  let stemLayers = 0;
  while (has(`patch_embed.${stemLayers}.reparam_conv.weight`)) stemLayers++;

  const parts: VisionPart[] = [];
  for (let index = 0; ; index++) {
    const part = `network.${index}`;
    if (has(`${part}.proj.0.lkb_reparam.weight`)) {
      parts.push({
        kind: "downsample",
        index,
        channels: width(`${part}.proj.0.lkb_reparam.weight`),
      });
    } else if (has(`${part}.reparam_conv.weight`)) {
      parts.push({ kind: "position", index, channels: width(`${part}.reparam_conv.weight`) });
    } else if (has(`${part}.0.convffn.fc1.weight`)) {
      let blocks = 0;
      while (has(`${part}.${blocks}.convffn.fc1.weight`)) blocks++;
      const mixer = has(`${part}.0.token_mixer.qkv.weight`) ? "attention" : "convolution";
      parts.push({
        kind: "stage",
        index,
        blocks,
        mixer,
        channels: width(`${part}.0.convffn.fc2.weight`),
      });
    } else {
      break;
    }
  }

  return {
    prefix,
    stemLayers,
    parts,
    featureChannels: width("conv_exp.reparam_conv.weight"),
    squeezeChannels: width("conv_exp.se.reduce.weight"),
    hiddenSize: weights.shape("model.mm_projector.2.weight")[0] ?? 0,
  };
}
