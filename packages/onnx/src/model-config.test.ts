import { expect, test } from "vitest";
import { OnnxError } from "./errors.ts";
import { parseDecoderConfig } from "./model-config.ts";
import { configJson, modelSizes } from "./model-sizes.ts";

test("a size's config.json reads back as its decoder", () => {
  const { feedForwardSize, ...decoder } = modelSizes["0.5b"].decoder;
  expect(parseDecoderConfig(configJson(modelSizes["0.5b"]))).toEqual(decoder);
  expect(feedForwardSize).toBe(4864);
});

test("the decoder's fields may lie in text_config, and head_dim may be absent", () => {
  const config = configJson(modelSizes["0.5b"]);
  delete config["head_dim"];
  expect(parseDecoderConfig({ model_type: "llava", text_config: config }).headDim).toBe(64);
});

test.each([
  ["hidden_size", undefined],
  ["num_hidden_layers", 2.5],
  ["num_key_value_heads", 3],
  ["rope_theta", "1e6"],
  ["vocab_size", 0],
])("names the field %s when it is %s", (field, value) => {
  const config = { ...configJson(modelSizes["0.5b"]), [field]: value };
  try {
    parseDecoderConfig(config);
    expect.unreachable();
  } catch (error) {
    expect(OnnxError.is(error, "config-invalid") && error.details).toEqual({ field });
  }
});
