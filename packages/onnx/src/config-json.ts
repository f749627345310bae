import type { DecoderConfig, ModelConfig, SiglipConfig } from "./model-config.ts";

/** The `config.json` of a model, in the form that `parseModelConfig` and transformers.js read. */
export function configJson(config: ModelConfig): Record<string, unknown> {
  switch (config.family) {
    case "fastvlm":
      return {
        architectures: ["LlavaQwen2ForCausalLM"],
        model_type: "llava_qwen2",
        ...decoderFields(config.decoder),
      };
    case "text":
      return textFields(config.decoder);
    case "smolvlm":
      return {
        architectures: ["Idefics3ForConditionalGeneration"],
        model_type: "idefics3",
        scale_factor: config.vision.shuffle,
        tie_word_embeddings: config.decoder.hasTiedEmbeddings ?? true,
        vocab_size: config.decoder.vocabSize,
        text_config: textFields(config.decoder),
        vision_config: siglipFields(config.vision),
      };
  }
}

function textFields(decoder: DecoderConfig): Record<string, unknown> {
  const [name, type] = decoder.hasAttentionBias ? ["Qwen2", "qwen2"] : ["Llama", "llama"];
  return { architectures: [`${name}ForCausalLM`], model_type: type, ...decoderFields(decoder) };
}

function decoderFields(decoder: DecoderConfig): Record<string, unknown> {
  return {
    hidden_size: decoder.hiddenSize,
    intermediate_size: decoder.feedForwardSize,
    num_hidden_layers: decoder.layers,
    num_attention_heads: decoder.attentionHeads,
    num_key_value_heads: decoder.keyValueHeads,
    head_dim: decoder.headDim,
    vocab_size: decoder.vocabSize,
    max_position_embeddings: decoder.maxPositions,
    rope_theta: decoder.ropeTheta,
    rms_norm_eps: decoder.rmsNormEps,
    tie_word_embeddings: decoder.hasTiedEmbeddings ?? true,
  };
}

function siglipFields(vision: SiglipConfig): Record<string, unknown> {
  return {
    model_type: "idefics3_vision",
    hidden_size: vision.hiddenSize,
    intermediate_size: vision.feedForwardSize,
    num_hidden_layers: vision.layers,
    num_attention_heads: vision.attentionHeads,
    layer_norm_eps: vision.layerNormEps,
    image_size: vision.tileSize,
    patch_size: vision.patchSize,
    hidden_act: "gelu_pytorch_tanh",
  };
}
