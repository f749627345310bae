import { describe, expect, it } from "vitest";
import { readFastVlmConfig } from "./config.ts";

describe("readFastVlmConfig", () => {
  it("reads the decoder's settings at the top of config.json, as Apple's own has them", () => {
    const config = { max_position_embeddings: 32768, eos_token_id: 151645, hidden_size: 896 };
    expect(readFastVlmConfig({ config })).toEqual({ maxPositions: 32768, endIds: [151645] });
  });

  it("reads them in text_config, as transformers' own fast_vlm has them", () => {
    const config = {
      model_type: "fast_vlm",
      text_config: { model_type: "qwen2", max_position_embeddings: 8192, eos_token_id: 7 },
      vision_config: { model_type: "timm_wrapper", max_position_embeddings: 1 },
    };
    expect(readFastVlmConfig({ config })).toEqual({ maxPositions: 8192, endIds: [7] });
  });

  it("takes the ids of every file that has some", () => {
    const config = { max_position_embeddings: 1, text_config: { eos_token_id: [1, 2] } };
    expect(readFastVlmConfig({ config, generation: { eos_token_id: [2, 3] } }).endIds).toEqual([
      1, 2, 2, 3,
    ]);
    const none = { max_position_embeddings: 1, eos_token_id: null };
    expect(readFastVlmConfig({ config: none, generation: {} }).endIds).toEqual([]);
  });

  it.each([
    [{}, "no `max_position_embeddings`, neither at its top nor in `text_config`"],
    [{ max_position_embeddings: "8192" }, "`max_position_embeddings` to be an integer from 1"],
    [{ text_config: null }, "`text_config` to be an object"],
    [{ max_position_embeddings: 1, eos_token_id: ["<end>"] }, "`eos_token_id` to be a token id"],
    [null, "`config.json` to be an object"],
    [[], "`config.json` to be an object"],
  ])("refuses %j, and says which field is wrong", (config, reason) => {
    expect(() => readFastVlmConfig({ config })).toThrow(
      expect.objectContaining({
        code: "model-invalid",
        details: { file: "config.json", reason: expect.stringContaining(reason) as unknown },
      }) as Error,
    );
  });
});
