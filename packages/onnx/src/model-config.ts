import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { asRecord, ConfigFields } from "./config-fields.ts";
import { OnnxError } from "./errors.ts";

/** The shape of the decoder: Qwen2's or Llama's, which differ in the biases only. */
export interface DecoderConfig {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  readonly feedForwardSize: number;
  readonly vocabSize: number;
  readonly maxPositions: number;
  readonly ropeTheta: number;
  readonly rmsNormEps: number;
  /** Whether queries, keys and values have a bias: Qwen2 has them, Llama has none. */
  readonly hasAttentionBias: boolean;
  /**
   * Whether the vocabulary product uses the embedding table. When absent, it does so for weights that have no
   * `lm_head.weight`.
   */
  readonly hasTiedEmbeddings?: boolean;
}

/** The shape of SmolVLM's vision encoder: SigLIP, then a pixel shuffle and one linear layer. */
export interface SiglipConfig {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  readonly feedForwardSize: number;
  readonly layerNormEps: number;
  /** Width and height of a tile in pixels. */
  readonly tileSize: number;
  /** Width and height of a patch in pixels: each patch is one position of the encoder. */
  readonly patchSize: number;
  /** The pixel shuffle joins this many positions in each direction into one image token. */
  readonly shuffle: number;
}

/** What a `config.json` says about a model. `text` is a decoder without a vision encoder. */
export type ModelConfig =
  | { readonly family: "fastvlm"; readonly decoder: DecoderConfig }
  | { readonly family: "text"; readonly decoder: DecoderConfig }
  | { readonly family: "smolvlm"; readonly decoder: DecoderConfig; readonly vision: SiglipConfig };

/**
 * Reads what a model is from its `config.json` in Hugging Face's form.
 *
 * @throws {OnnxError} `file-invalid` or `config-invalid`.
 */
export function readModelConfig(path: string): ModelConfig {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new OnnxError(
      "file-invalid",
      { path },
      `${basename(path)} cannot be read as JSON. Point --config at the model's config.json.`,
      { cause },
    );
  }
  return parseModelConfig(json);
}

/**
 * What a parsed `config.json` says. `idefics3` and `smolvlm` are SmolVLM, `llama` and `qwen2` are decoders alone, and
 * every other model type is read as FastVLM, whose vision encoder is described by its weights.
 *
 * @throws {OnnxError} `config-invalid` naming the field.
 */
export function parseModelConfig(json: unknown): ModelConfig {
  const config = asRecord(json);
  const decoder = parseDecoderConfig(config);
  switch (config["model_type"]) {
    case "idefics3":
    case "smolvlm":
      return { family: "smolvlm", decoder, vision: parseSiglipConfig(config) };
    case "llama":
    case "qwen2":
      return { family: "text", decoder };
    default:
      return { family: "fastvlm", decoder };
  }
}

/** The fields of the decoder may lie in `text_config`; those of the whole model stand beside it. */
function parseDecoderConfig(outer: Readonly<Record<string, unknown>>): DecoderConfig {
  const fields = new ConfigFields({ ...outer, ...asRecord(outer["text_config"]) });
  const isLlama = fields.value("model_type") === "llama";
  fields.assertOneOf("hidden_act", ["silu"]);
  fields.assertOneOf("mlp_bias", [false]);
  fields.assertOneOf("qk_layer_norms", [false]);
  fields.assertOneOf("rope_interleaved", [false]);

  const hiddenSize = fields.count("hidden_size");
  const attentionHeads = fields.count("num_attention_heads");
  const keyValueHeads = fields.count("num_key_value_heads", attentionHeads);
  if (attentionHeads % keyValueHeads !== 0) {
    throw fields.invalid(
      "num_key_value_heads",
      `has to divide num_attention_heads (${attentionHeads})`,
    );
  }
  const hasTiedEmbeddings = fields.value("tie_word_embeddings");
  return {
    hiddenSize,
    layers: fields.count("num_hidden_layers"),
    attentionHeads,
    keyValueHeads,
    headDim: fields.count("head_dim", hiddenSize / attentionHeads),
    feedForwardSize: fields.count("intermediate_size"),
    vocabSize: fields.count("vocab_size"),
    maxPositions: fields.count("max_position_embeddings", isLlama ? 2048 : 32768),
    ropeTheta: ropeThetaOf(fields),
    rmsNormEps: fields.number("rms_norm_eps", 1e-6),
    hasAttentionBias: fields.flag("attention_bias", !isLlama),
    ...(typeof hasTiedEmbeddings === "boolean" && { hasTiedEmbeddings }),
  };
}

/** transformers 5 has the theta in `rope_parameters`; earlier versions have it beside `rope_scaling`. */
function ropeThetaOf(fields: ConfigFields): number {
  const parameters = fields.inside("rope_parameters");
  for (const rope of [parameters, fields.inside("rope_scaling")]) {
    rope.assertOneOf("rope_type", ["default"]);
    rope.assertOneOf("type", ["default"]);
  }
  return fields.number("rope_theta", parameters.number("rope_theta", 10000));
}

/** The defaults are those of transformers' `SmolVLMVisionConfig`, for fields that the public configs leave out. */
function parseSiglipConfig(outer: Readonly<Record<string, unknown>>): SiglipConfig {
  const all = new ConfigFields(outer);
  const fields = all.inside("vision_config");
  fields.assertOneOf("hidden_act", ["gelu_pytorch_tanh"]);
  fields.assertOneOf("num_channels", [3]);
  const hiddenSize = fields.count("hidden_size", 1152);
  const attentionHeads = fields.count("num_attention_heads", 16);
  const tileSize = fields.count("image_size", 224);
  const patchSize = fields.count("patch_size", 32);
  const shuffle = all.count("scale_factor", 2);
  if (hiddenSize % attentionHeads !== 0) {
    throw fields.invalid("num_attention_heads", `has to divide hidden_size (${hiddenSize})`);
  }
  if (!Number.isInteger(tileSize / patchSize / shuffle)) {
    throw fields.invalid(
      "image_size",
      `has to be a multiple of patch_size times scale_factor (${patchSize} times ${shuffle}), not ${tileSize}`,
    );
  }
  return {
    hiddenSize,
    layers: fields.count("num_hidden_layers", 12),
    attentionHeads,
    feedForwardSize: fields.count("intermediate_size", 3072),
    layerNormEps: fields.number("layer_norm_eps", 1e-6),
    tileSize,
    patchSize,
    shuffle,
  };
}
