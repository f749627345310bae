import type { DecoderConfig } from "./model-config.ts";
import { randomBias, randomScale, randomWeight, type RandomTensors } from "./random-tensors.ts";

/** Adds the tensors of a decoder; `prefix` stands before the names of all but the product with the vocabulary. */
export function addDecoder(tensors: RandomTensors, decoder: DecoderConfig, prefix: string): void {
  const { hiddenSize, attentionHeads, keyValueHeads, headDim, feedForwardSize, vocabSize } =
    decoder;
  const linear = (name: string, shape: readonly [number, number], hasBias = false) => {
    tensors.set(`${name}.weight`, randomWeight(shape));
    if (hasBias) tensors.set(`${name}.bias`, randomBias(shape[0]));
  };
  const norm = (name: string) => tensors.set(`${name}.weight`, randomScale(hiddenSize));

  linear(`${prefix}embed_tokens`, [vocabSize, hiddenSize]);
  for (let index = 0; index < decoder.layers; index++) {
    const layer = `${prefix}layers.${index}`;
    const { hasAttentionBias } = decoder;
    norm(`${layer}.input_layernorm`);
    linear(`${layer}.self_attn.q_proj`, [attentionHeads * headDim, hiddenSize], hasAttentionBias);
    linear(`${layer}.self_attn.k_proj`, [keyValueHeads * headDim, hiddenSize], hasAttentionBias);
    linear(`${layer}.self_attn.v_proj`, [keyValueHeads * headDim, hiddenSize], hasAttentionBias);
    linear(`${layer}.self_attn.o_proj`, [hiddenSize, attentionHeads * headDim]);
    norm(`${layer}.post_attention_layernorm`);
    linear(`${layer}.mlp.gate_proj`, [feedForwardSize, hiddenSize]);
    linear(`${layer}.mlp.up_proj`, [feedForwardSize, hiddenSize]);
    linear(`${layer}.mlp.down_proj`, [hiddenSize, feedForwardSize]);
  }
  norm(`${prefix}norm`);
  if (decoder.hasTiedEmbeddings === false) linear("lm_head", [vocabSize, hiddenSize]);
}
