import type { SiglipConfig } from "./model-config.ts";
import { randomBias, randomScale, randomWeight, type RandomTensors } from "./random-tensors.ts";

const vision = "model.vision_model.";

/** Adds the tensors of SigLIP and of the connector, whose outputs are as wide as the decoder. */
export function addSiglip(
  tensors: RandomTensors,
  { hiddenSize, feedForwardSize, layers, tileSize, patchSize, shuffle }: SiglipConfig,
  outputs: number,
): void {
  const withBias = (name: string, shape: readonly number[]) => {
    tensors.set(`${vision}${name}.weight`, randomWeight(shape));
    tensors.set(`${vision}${name}.bias`, randomBias(shape[0]!));
  };
  const norm = (name: string) => {
    tensors.set(`${vision}${name}.weight`, randomScale(hiddenSize));
    tensors.set(`${vision}${name}.bias`, { shape: [hiddenSize], centre: 0, spread: 0.1 });
  };

  withBias("embeddings.patch_embedding", [hiddenSize, 3, patchSize, patchSize]);
  const shape = [(tileSize / patchSize) ** 2, hiddenSize];
  tensors.set(`${vision}embeddings.position_embedding.weight`, { shape, centre: 0, spread: 0.5 });
  for (let index = 0; index < layers; index++) {
    const layer = `encoder.layers.${index}`;
    norm(`${layer}.layer_norm1`);
    for (const part of ["q_proj", "k_proj", "v_proj", "out_proj"])
      withBias(`${layer}.self_attn.${part}`, [hiddenSize, hiddenSize]);
    norm(`${layer}.layer_norm2`);
    withBias(`${layer}.mlp.fc1`, [feedForwardSize, hiddenSize]);
    withBias(`${layer}.mlp.fc2`, [hiddenSize, feedForwardSize]);
  }
  norm("post_layernorm");
  const name = "model.connector.modality_projection.proj.weight";
  tensors.set(name, randomWeight([outputs, shuffle ** 2 * hiddenSize]));
}
