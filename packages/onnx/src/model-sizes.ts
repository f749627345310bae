import type { DecoderConfig } from "./model-config.ts";

/** Everything that decides the shapes of a FastVLM. */
export interface ModelSize {
  readonly vision: {
    /** Channels of each stage; the closing convolution doubles the last. */
    readonly channels: readonly number[];
    /** Blocks of each stage. */
    readonly blocks: readonly number[];
    /** How many of the last stages use attention instead of convolution. */
    readonly attentionStages: number;
  };
  readonly decoder: DecoderConfig & { readonly feedForwardSize: number };
}

/** FastVLM-0.5B, exactly. */
const fastVlm05b: ModelSize = {
  vision: { channels: [96, 192, 384, 768, 1536], blocks: [2, 12, 24, 4, 2], attentionStages: 2 },
  decoder: {
    hiddenSize: 896,
    layers: 24,
    attentionHeads: 14,
    keyValueHeads: 2,
    headDim: 64,
    feedForwardSize: 4864,
    vocabSize: 151936,
    maxPositions: 32768,
    ropeTheta: 1_000_000,
    rmsNormEps: 1e-6,
  },
};

/** The same architecture, small enough for a test: under a million weights. */
const tiny: ModelSize = {
  vision: { channels: [8, 16, 32, 64, 128], blocks: [1, 2, 1, 1, 1], attentionStages: 2 },
  decoder: {
    hiddenSize: 64,
    layers: 2,
    attentionHeads: 4,
    keyValueHeads: 2,
    headDim: 16,
    feedForwardSize: 160,
    vocabSize: 512,
    maxPositions: 512,
    ropeTheta: 1_000_000,
    rmsNormEps: 1e-6,
  },
};

/** The sizes that have a name. */
export const modelSizes: Readonly<Record<"0.5b" | "tiny", ModelSize>> = {
  "0.5b": fastVlm05b,
  tiny,
};

/** The `config.json` of a size, in the form `parseDecoderConfig` and transformers.js read. */
export function configJson({ decoder }: ModelSize): Record<string, unknown> {
  return {
    architectures: ["LlavaQwen2ForCausalLM"],
    model_type: "llava_qwen2",
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
    tie_word_embeddings: true,
  };
}
