import type { DecoderConfig, ModelConfig } from "./model-config.ts";

/** Everything that decides the shapes of a FastVLM. */
export interface FastVlmSize {
  readonly family: "fastvlm";
  readonly vision: {
    /** Channels of each stage; the closing convolution doubles the last. */
    readonly channels: readonly number[];
    /** Blocks of each stage. */
    readonly blocks: readonly number[];
    /** How many of the last stages use attention instead of convolution. */
    readonly attentionStages: number;
  };
  readonly decoder: DecoderConfig;
}

/** Everything that decides the shapes of a model. A config says that of all families but FastVLM. */
export type ModelSize = FastVlmSize | Exclude<ModelConfig, { family: "fastvlm" }>;

/** FastVLM-0.5B, exactly. */
const fastVlm05b = {
  family: "fastvlm",
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
    hasAttentionBias: true,
    hasTiedEmbeddings: true,
  },
} as const satisfies ModelSize;

/** The same architecture, small enough for a test: under a million weights. */
const tiny = {
  family: "fastvlm",
  vision: { channels: [8, 16, 32, 64, 128], blocks: [1, 2, 1, 1, 1], attentionStages: 2 },
  decoder: {
    ...fastVlm05b.decoder,
    hiddenSize: 64,
    layers: 2,
    attentionHeads: 4,
    keyValueHeads: 2,
    headDim: 16,
    feedForwardSize: 160,
    vocabSize: 512,
    maxPositions: 512,
  },
} as const satisfies ModelSize;

/** SmolVLM-256M-Instruct and SmolVLM2-256M-Video-Instruct, exactly. */
const smolVlm256m = {
  family: "smolvlm",
  vision: {
    hiddenSize: 768,
    layers: 12,
    attentionHeads: 12,
    feedForwardSize: 3072,
    layerNormEps: 1e-6,
    tileSize: 512,
    patchSize: 16,
    shuffle: 4,
  },
  decoder: {
    hiddenSize: 576,
    layers: 30,
    attentionHeads: 9,
    keyValueHeads: 3,
    headDim: 64,
    feedForwardSize: 1536,
    vocabSize: 49280,
    maxPositions: 8192,
    ropeTheta: 100_000,
    rmsNormEps: 1e-5,
    hasAttentionBias: false,
    hasTiedEmbeddings: false,
  },
} as const satisfies ModelSize;

/** SmolVLM-500M-Instruct and SmolVLM2-500M-Video-Instruct: the same encoder with a larger decoder. */
const smolVlm500m = {
  ...smolVlm256m,
  decoder: {
    ...smolVlm256m.decoder,
    hiddenSize: 960,
    layers: 32,
    attentionHeads: 15,
    keyValueHeads: 5,
    feedForwardSize: 2560,
  },
} as const satisfies ModelSize;

/** SmolVLM, small enough for a test: tiles of 64 pixels, 16 tokens each. */
const tinySmolVlm = {
  family: "smolvlm",
  vision: {
    ...smolVlm256m.vision,
    hiddenSize: 64,
    layers: 2,
    attentionHeads: 4,
    feedForwardSize: 128,
    tileSize: 64,
    patchSize: 8,
    shuffle: 2,
  },
  decoder: {
    ...smolVlm256m.decoder,
    hiddenSize: 96,
    layers: 2,
    attentionHeads: 6,
    keyValueHeads: 2,
    headDim: 16,
    feedForwardSize: 160,
    vocabSize: 512,
    maxPositions: 512,
  },
} as const satisfies ModelSize;

/** The sizes that have a name. */
export const modelSizes = {
  "0.5b": fastVlm05b,
  tiny,
  "smolvlm-256m": smolVlm256m,
  "smolvlm-500m": smolVlm500m,
  "smolvlm-tiny": tinySmolVlm,
} as const satisfies Readonly<Record<string, ModelSize>>;
