import { describe, expect, it } from "vitest";
import { VlmError } from "../../protocol/errors.ts";
import { readSmolVlmConfig } from "./config.ts";

/** What matters of the public model's files. */
const FILES = {
  config: {
    model_type: "idefics3",
    scale_factor: 4,
    text_config: { model_type: "llama", max_position_embeddings: 8192, eos_token_id: 2 },
    vision_config: { image_size: 512, patch_size: 16 },
  },
  generation: { eos_token_id: 49279 },
  preprocessor: {
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.25, 0.5, 0.5],
    max_image_size: { longest_edge: 512 },
    size: { longest_edge: 2048 },
  },
};

describe("readSmolVlmConfig", () => {
  it("reads the files of the first version", () => {
    expect(readSmolVlmConfig(FILES, { imageSize: 2048 })).toEqual({
      tile: 512,
      tokens: 64,
      range: { mean: [0.5, 0.5, 0.5], deviation: [0.25, 0.5, 0.5] },
      maxPositions: 8192,
      endIds: [49279],
    });
  });

  it("reads the second version, and does without the files that exporters may leave out", () => {
    const config = { ...FILES.config, model_type: "smolvlm" };
    expect(readSmolVlmConfig({ config, generation: null })).toMatchObject({
      tile: 512,
      tokens: 64,
      range: { mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5] },
      endIds: [],
    });
  });

  it("knows what transformers leaves out, because it is the default", () => {
    const config = { model_type: "idefics3" };
    expect(
      readSmolVlmConfig({ config, preprocessor: { max_image_size: { longest_edge: 384 } } }),
    ).toMatchObject({ tile: 384, tokens: 36, maxPositions: 2048 });
  });

  it("takes one id, several or none", () => {
    const idsOf = (eos_token_id: unknown) =>
      readSmolVlmConfig({ ...FILES, generation: { eos_token_id } }).endIds;
    expect(idsOf([1, 2])).toEqual([1, 2]);
    expect(idsOf(null)).toEqual([]);
    expect(idsOf(undefined)).toEqual([]);
  });

  it.each([
    [{ config: null }, "config.json", "Expected `config.json` to be an object"],
    [{ config: { ...FILES.config, model_type: "llava" } }, "config.json", "model_type"],
    [{ config: { ...FILES.config, scale_factor: 3 } }, "config.json", "do not fill a tile"],
    [
      { config: { ...FILES.config, text_config: { max_position_embeddings: "8192" } } },
      "config.json",
      "text_config.max_position_embeddings",
    ],
    [{ generation: { eos_token_id: "</s>" } }, "generation_config.json", "eos_token_id"],
    [
      { preprocessor: { ...FILES.preprocessor, image_mean: [0.5] } },
      "preprocessor_config.json",
      "image_mean",
    ],
    [
      { preprocessor: { max_image_size: { longest_edge: 384 } } },
      "preprocessor_config.json",
      "`tileSize` 512",
    ],
  ])("refuses %j", (change, file, reason) => {
    try {
      readSmolVlmConfig({ ...FILES, ...change }, { imageSize: 2048 });
      expect.unreachable();
    } catch (error) {
      expect(VlmError.is(error, "model-invalid") && error.details).toMatchObject({
        file,
        reason: expect.stringContaining(reason) as string,
      });
    }
  });

  it("refuses a descriptor whose images are no whole number of tiles", () => {
    expect(() => readSmolVlmConfig(FILES, { imageSize: 1000 })).toThrow("no multiple");
  });
});
