/** The SmolVLM's files, through the kit's own pixels and prompts, against the answers of transformers' classes. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sourceOfBytes } from "@fastvlm-kit/onnx/graph";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPixels } from "../../onnx/test/image.ts";
import type { ImageFeatures, PromptPart } from "../../web/src/engines/runtime.ts";
import { createOnnxRuntime, type OrtRuntime } from "../../web/src/engines/ort/onnx-runtime.ts";
import { WASM_BUILD } from "../../web/src/runtimes/wasm.ts";
import { SMOLVLM } from "../../web/src/families/smolvlm/smolvlm.ts";
import { endIdsOf } from "../../web/src/generation/end-ids.ts";
import { fillImages, layOutPrompt } from "../../web/src/generation/prompt.ts";
import { argmax } from "../../web/src/generation/sampling.ts";
import { createTextCodec } from "../../web/src/inference/tokenizer.ts";
import { tinySmolVlm } from "../src/smolvlm/index.ts";

interface Scene {
  readonly file: string;
  readonly longest_edge: number;
  readonly image_features: { readonly shape: number[]; readonly first_16_of_token_0: number[] };
  readonly answers: readonly Answer[];
}

interface Answer {
  readonly prompt: string;
  readonly prompt_ids: readonly number[];
  readonly ids: readonly number[];
  readonly text: string;
}

const fromPackage = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const readJson = (path: string): unknown => JSON.parse(readFileSync(fromPackage(path), "utf8"));
const { scenes } = readJson("smolvlm/checkpoint/golden.json") as { scenes: readonly Scene[] };
const SCENES = fromPackage("../../e2e/fixtures/scenes");

const model = tinySmolVlm({ precision: "fp16" });
const setup = SMOLVLM.configure(
  {
    config: readJson("smolvlm/model/config.json"),
    generation: readJson("smolvlm/model/generation_config.json"),
    preprocessor: readJson("smolvlm/model/preprocessor_config.json"),
  },
  model,
);
const codec = createTextCodec(
  readJson("smolvlm/model/tokenizer.json"),
  readJson("smolvlm/model/tokenizer_config.json"),
  setup.prompt,
);
const endIds = endIdsOf(setup, codec);

it.each(scenes)("asks about $file at $longest_edge px as Idefics3Processor does", (scene) => {
  const plan = setup.images.plan(imageOf(scene.file), {
    side: scene.longest_edge,
    fit: "stretch",
  });
  const tileIds = new Array<number>(plan.tiles[0]!.tokens).fill(codec.controlId("<image>")!);
  for (const { prompt, prompt_ids: promptIds } of scene.answers) {
    const pieces = layOutPrompt(codec, setup.prompt, { text: prompt, system: undefined }, [
      plan.pieces,
    ]);
    const ids = pieces.flatMap((piece) => (piece.kind === "tokens" ? piece.ids : tileIds));
    expect(ids).toEqual(promptIds);
  }
});

describe.each([
  // Precision, how far features may be from PyTorch's, whether every answer has to be the same
  ["fp16", 1e-3, true],
  ["int8", 0.1, false],
  ["q4", 0.4, false],
] as const)("the SmolVLM's files in %s", (precision, tolerance, isExact) => {
  let runtime: OrtRuntime;

  beforeAll(async () => {
    const { files, variants } = tinySmolVlm({ precision });
    runtime = await createOnnxRuntime({
      device: "wasm",
      wasmThreads: 1,
      source: { builds: WASM_BUILD, files: undefined },
      imageSize: 128,
      ports: setup.ports,
      maxPositions: setup.maxPositions,
      openFile: (graph) => {
        const { url } = files[variants[0]!.graphs[graph]]!;
        const bytes = new Uint8Array(readFileSync(new URL(url)));
        return Promise.resolve({ ...sourceOfBytes(bytes), close: () => undefined });
      },
      onDeviceLost: () => undefined,
      onSessionCreated: () => undefined,
    });
  });

  afterAll(() => runtime.dispose());

  it("see and answer what PyTorch sees and answers", async () => {
    let [same, count] = [0, 0];
    for (const scene of scenes) {
      const image = imageOf(scene.file);
      const plan = setup.images.plan(image, { side: scene.longest_edge, fit: "stretch" });
      const drawTile = plan.draw(image);
      const features: ImageFeatures[] = [];
      for (const index of plan.tiles.keys()) {
        features.push(await runtime.encodeImage(drawTile(index)));
      }
      const { shape, first_16_of_token_0: expected } = scene.image_features;
      expect([features.length, features[0]!.tokens, runtime.hiddenSize]).toEqual(shape);
      expect(relativeError(features[0]!.values.subarray(0, 16), expected)).toBeLessThan(tolerance);

      for (const { prompt, ids } of isExact ? scene.answers : scene.answers.slice(0, 1)) {
        const pieces = layOutPrompt(codec, setup.prompt, { text: prompt, system: undefined }, [
          plan.pieces,
        ]);
        const said = await answerTo(fillImages(pieces, features), ids.length);
        if (isExact) expect(codec.decode(said)).toBe(codec.decode(ids));
        same += Number(said.join() === ids.join());
        count += 1;
      }
    }
    expect(same / count).toBeGreaterThanOrEqual(isExact ? 1 : 0.8);
  });

  async function answerTo(prompt: readonly PromptPart[], most: number): Promise<number[]> {
    const decoding = runtime.startDecoding();
    const said: number[] = [];
    let parts = prompt;
    while (said.length < most) {
      const id = argmax(await (await decoding.append(parts)).readLogits());
      said.push(id);
      if (endIds.has(id)) break;
      parts = [{ kind: "tokens", ids: [id] }];
    }
    decoding.dispose();
    return said;
  }
});

/** A fixture scene as a canvas has it. */
function imageOf(file: string) {
  const { pixels, size } = readPixels(`${SCENES}/${file}`);
  const [height, width] = size;
  const data = new Uint8ClampedArray(width * height * 4).fill(255);
  for (const [index, value] of pixels.entries()) {
    const channel = Math.floor(index / (width * height));
    data[(index % (width * height)) * 4 + channel] = Math.round(value * 255);
  }
  return { data, width, height };
}

function relativeError(values: Float32Array, expected: readonly number[]): number {
  const length = (numbers: readonly number[]) => Math.hypot(...numbers);
  return length(expected.map((value, index) => value - values[index]!)) / length(expected);
}
