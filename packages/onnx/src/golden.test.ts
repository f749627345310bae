// Holds the graphs to an independent implementation: what PyTorch computes from the tiny model's checkpoint
// (tools/train/golden.py) for images and prompts.

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { readPixels } from "../test/image.ts";
import { decode, embeddings, imageFeatures, openSession, relativeError } from "../test/sessions.ts";
import { decoder } from "./decoder.ts";
import { embedTokens } from "./embed-tokens.ts";
import { readModelConfig, type DecoderConfig } from "./model-config.ts";
import { precisionOf, type Dtype } from "./precision.ts";
import { readSafetensors } from "./safetensors.ts";
import { visionEncoder } from "./vision-encoder.ts";
import type { Weights } from "./weights.ts";

const fromRoot = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const checkpoint = fromRoot("packages/tiny/checkpoint/model.safetensors");
const goldenFile = fromRoot("packages/tiny/checkpoint/golden.json");
const configFile = fromRoot("packages/tiny/model/config.json");

interface Golden {
  file: string;
  image_features: {
    shape: number[];
    mean_per_token: number[];
    first_16_of_token_0: number[];
    last_16_of_token_15: number[];
  };
  prompt_ids: number[];
  first_16_logits_after_prompt: number[];
  answers: { prompt: string; ids: number[] }[];
}

type Session = Awaited<ReturnType<typeof openSession>>;

describe.skipIf(!existsSync(goldenFile))("the tiny model", () => {
  let scenes: Golden[];
  let weights: Weights;
  let config: DecoderConfig;
  let imageToken: number;

  beforeAll(() => {
    scenes = JSON.parse(readFileSync(goldenFile, "utf8")) as Golden[];
    weights = readSafetensors(checkpoint);
    config = readModelConfig(configFile).decoder;
    const json = JSON.parse(readFileSync(configFile, "utf8")) as { image_token_index: number };
    imageToken = json.image_token_index;
  });

  describe.each([
    // dtype, storage, tolerances of features and logits, whether answers have to agree to the letter
    ["fp32", "fp32", 1e-4, 1e-4, true],
    ["fp32", "fp16", 2e-3, 5e-3, true],
    ["int8", "fp16", 0.06, 0.1, false],
    ["q4", "fp16", 2e-3, 0.3, false],
  ] as const)("%s stored as %s", (dtype, storage, featureTolerance, logitTolerance, isExact) => {
    let sessions: { vision: Session; embed: Session; decoder: Session };

    beforeAll(async () => {
      sessions = await openAll(dtype, storage);
    });

    test("sees what PyTorch sees", async () => {
      for (const { file, image_features: expected } of scenes) {
        const { dims, values } = await features(file);
        expect(dims).toEqual(expected.shape);
        const width = config.hiddenSize;
        const firsts = values.slice(0, 16);
        const lasts = values.slice(-16);
        expect(relativeError(firsts, expected.first_16_of_token_0)).toBeLessThan(featureTolerance);
        expect(relativeError(lasts, expected.last_16_of_token_15)).toBeLessThan(featureTolerance);
        const means = expected.mean_per_token.map((_, token) => mean(values, token * width, width));
        const scale = Math.sqrt(
          mean(
            values.map((value) => value * value),
            0,
            values.length,
          ),
        );
        for (const [token, value] of means.entries()) {
          const difference = Math.abs(value - expected.mean_per_token[token]!);
          expect(difference / scale).toBeLessThan(featureTolerance);
        }
      }
    });

    test("says what PyTorch says", async () => {
      let [same, all] = [0, 0];
      for (const { file, prompt_ids: ids, first_16_logits_after_prompt, answers } of scenes) {
        const { values } = await features(file);
        const prompt = await promptEmbeddings(ids, values);
        // The golden answers are greedy; fed back whole, every position has to choose the next of them.
        const answer = answers[0]!.ids;
        const answerEmbeds = (await embeddings(sessions.embed, answer)).values;
        const tokens = prompt.length / config.hiddenSize;
        const embeds = Float32Array.of(...prompt, ...answerEmbeds);
        const { logits } = await decode(sessions.decoder, config, embeds, [tokens, answer.length]);
        const row = (position: number) =>
          logits.subarray(position * config.vocabSize, (position + 1) * config.vocabSize);

        const first16 = row(tokens - 1).slice(0, 16);
        expect(relativeError(first16, first_16_logits_after_prompt)).toBeLessThan(logitTolerance);
        for (const [index, id] of answer.entries()) {
          if (indexOfLargest(row(tokens - 1 + index)) === id) same++;
          all++;
        }
      }
      if (isExact) expect(same).toBe(all);
      else expect(same / all).toBeGreaterThan(0.9);
    });

    async function features(file: string) {
      const { pixels, size } = readPixels(fromRoot(`e2e/fixtures/scenes/${file}`));
      return imageFeatures(sessions.vision, pixels, size);
    }

    /** The text's rows of the table, with the image's in the place of the image token. */
    async function promptEmbeddings(
      ids: readonly number[],
      image: Float32Array,
    ): Promise<Float32Array> {
      const place = ids.indexOf(imageToken);
      const text = (part: readonly number[]) => embeddings(sessions.embed, part);
      const before = await text(ids.slice(0, place));
      const after = await text(ids.slice(place + 1));
      return Float32Array.of(...before.values, ...image, ...after.values);
    }
  });

  async function openAll(dtype: Dtype, storage: "fp32" | "fp16") {
    const precision = precisionOf(dtype, { storage });
    return {
      vision: await openSession(visionEncoder(weights, precision)),
      embed: await openSession(embedTokens(weights, precision)),
      decoder: await openSession(decoder(weights, config, precision)),
    };
  }
});

function mean(values: Float32Array, start: number, count: number): number {
  return values.subarray(start, start + count).reduce((sum, value) => sum + value, 0) / count;
}

function indexOfLargest(values: Float32Array): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
}
