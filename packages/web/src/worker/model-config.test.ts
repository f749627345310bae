import { describe, expect, it } from "vitest";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import { readModelConfig, withChatTemplate } from "./model-config.ts";
import { createTextCodec } from "./tokenizer.ts";

describe("readModelConfig", () => {
  it("reads the decoder's settings at the top of config.json, as Apple's own has them", () => {
    const config = { max_position_embeddings: 32768, eos_token_id: 151645, hidden_size: 896 };
    expect(readModelConfig({ config })).toEqual({ maxPositions: 32768, endIds: [151645] });
  });

  it("reads them in text_config, as transformers' own fast_vlm has them", () => {
    const config = {
      model_type: "fast_vlm",
      text_config: { model_type: "qwen2", max_position_embeddings: 8192, eos_token_id: 7 },
      vision_config: { model_type: "timm_wrapper", max_position_embeddings: 1 },
    };
    expect(readModelConfig({ config })).toEqual({ maxPositions: 8192, endIds: [7] });
  });

  it("takes the ids of every file that has some", () => {
    const config = { max_position_embeddings: 1, text_config: { eos_token_id: [1, 2] } };
    expect(readModelConfig({ config, generation: { eos_token_id: [2, 3] } }).endIds).toEqual([
      1, 2, 2, 3,
    ]);
    const none = { max_position_embeddings: 1, eos_token_id: null };
    expect(readModelConfig({ config: none, generation: {} }).endIds).toEqual([]);
  });

  it.each([{}, { text_config: null }, { max_position_embeddings: "8192" }, null, []])(
    "refuses %j, which has no number of positions",
    (config) => {
      expect(() => readModelConfig({ config })).toThrow(
        expect.objectContaining({
          code: "model-invalid",
          details: { file: "config.json", reason: "no max_position_embeddings" },
        }) as Error,
      );
    },
  );
});

describe("withChatTemplate", () => {
  const OWN = "{% for message in messages %}{{ message.content }}{% endfor %}";
  const { chat_template: template, ...bare } = tokenizerConfig as Record<string, unknown>;
  const render = (config: unknown): string =>
    createTextCodec(tokenizerJson, config).renderChat([{ role: "user", content: "Hello" }]);

  it("takes the template of the file of its own, also where the config has another", () => {
    expect(render(withChatTemplate(bare, template as string))).toBe(render(tokenizerConfig));
    expect(render(withChatTemplate(tokenizerConfig, OWN))).toBe("Hello");
  });

  it("leaves the config's own where there is no such file", () => {
    expect(withChatTemplate(tokenizerConfig, undefined)).toEqual(tokenizerConfig);
  });

  it("takes the default one of several", () => {
    const list = [
      { name: "tool_use", template: "" },
      { name: "default", template: OWN },
    ];
    expect(render(withChatTemplate({ ...bare, chat_template: list }, undefined))).toBe("Hello");
  });

  it("leaves it to the tokenizer to refuse a model without a template", () => {
    expect(() => render(withChatTemplate(bare, undefined))).toThrow(
      expect.objectContaining({ code: "model-invalid" }) as Error,
    );
  });
});
