import { expect, test } from "vitest";
import { configJson } from "./config-json.ts";
import { OnnxError } from "./errors.ts";
import { parseModelConfig } from "./model-config.ts";
import { modelSizes } from "./model-sizes.ts";

const smolVlm = modelSizes["smolvlm-256m"];

test("FastVLM's config.json reads back as its decoder", () => {
  const { family, decoder } = modelSizes["0.5b"];
  expect(parseModelConfig(configJson(modelSizes["0.5b"]))).toEqual({ family, decoder });
});

test("SmolVLM's config.json reads back whole", () => {
  expect(parseModelConfig(configJson(smolVlm))).toEqual(smolVlm);
});

test("a Llama and a Qwen2 read back as decoders alone", () => {
  for (const hasAttentionBias of [false, true]) {
    const decoder = { ...smolVlm.decoder, hasAttentionBias, hasTiedEmbeddings: true };
    const config = { family: "text", decoder } as const;
    expect(parseModelConfig(configJson(config))).toEqual(config);
  }
});

test("the decoder's fields may lie in text_config, and head_dim may be absent", () => {
  const config = configJson(modelSizes["0.5b"]);
  delete config["head_dim"];
  const { decoder } = parseModelConfig({ model_type: "llava", text_config: config });
  expect(decoder.headDim).toBe(64);
});

test("SmolVLM2 leaves out fields of the vision encoder that are as in every size", () => {
  const config = configJson(smolVlm);
  const vision = { ...(config["vision_config"] as Record<string, unknown>) };
  delete vision["num_hidden_layers"];
  delete vision["intermediate_size"];
  const shortened = { ...config, model_type: "smolvlm", vision_config: vision };
  expect(parseModelConfig(shortened)).toEqual(smolVlm);
});

test("the theta may lie in rope_parameters, as transformers 5 writes it", () => {
  const config = configJson({ family: "text", decoder: smolVlm.decoder });
  delete config["rope_theta"];
  config["rope_parameters"] = { rope_type: "default", rope_theta: 273768 };
  expect(parseModelConfig(config).decoder.ropeTheta).toBe(273768);
});

test.each([
  ["hidden_size", undefined],
  ["num_hidden_layers", 2.5],
  ["num_key_value_heads", 3],
  ["rope_theta", "1e6"],
  ["vocab_size", 0],
  ["hidden_act", "gelu"],
  ["mlp_bias", true],
])("names the field %s when it is %s", (field, value) => {
  const config = { ...configJson(modelSizes["0.5b"]), [field]: value };
  expect(fieldThatFails(config)).toBe(field);
});

test.each([
  ["rope_scaling.rope_type", { rope_scaling: { rope_type: "yarn", factor: 4 } }],
  ["vision_config.hidden_act", { vision_config: { hidden_act: "gelu" } }],
  ["vision_config.image_size", { vision_config: { image_size: 500, patch_size: 16 } }],
  ["vision_config.num_attention_heads", { vision_config: { num_attention_heads: 7 } }],
  ["scale_factor", { scale_factor: 2.5 }],
])("names the field %s inside SmolVLM's config", (field, change) => {
  expect(fieldThatFails({ ...configJson(smolVlm), ...change })).toBe(field);
});

function fieldThatFails(config: unknown): string | undefined {
  try {
    parseModelConfig(config);
  } catch (error) {
    if (OnnxError.is(error, "config-invalid")) return error.details.field;
    throw error;
  }
  return undefined;
}
