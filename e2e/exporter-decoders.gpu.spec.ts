/**
 * Models of other exporters than the public files': their decoders answer on WebGPU as on WASM, and both as torch
 * does, the second question too, whose beginning is the first one's.
 */

import { readFileSync, statSync } from "node:fs";
import type { ModelDescriptor, ModelFile, ModelVariant } from "@fastvlm-kit/web";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { EXPORTER_DECODERS_FOLDER, expect, test, TINY_MODEL_FOLDER } from "./fixtures.ts";

interface Expected {
  readonly prompt: string;
  readonly system?: string;
  readonly answer: string;
}
const { questions: all } = JSON.parse(
  readFileSync(`${EXPORTER_DECODERS_FOLDER}expected.json`, "utf8"),
) as {
  questions: readonly Expected[];
};

/**
 * The first is asked twice: all but the last token of the second prompt then comes of a fork, and the question is known
 * from there only. Another number of tokens makes it another call, so that no kept answer stands in for it. The third
 * begins with the same system text.
 */
const questions = [
  { ...all[1]!, maxNewTokens: 31 },
  { ...all[1]!, maxNewTokens: 32 },
  { ...all[3]!, maxNewTokens: 32 },
];

/** Decoders, and the files that they keep weights in. */
const DECODERS: Readonly<Record<string, readonly string[]>> = {
  "decoder_optimum.onnx": [],
  "decoder_builder_q4.onnx": ["model.onnx.data"],
  "decoder_pruned.onnx": ["decoder_pruned.onnx_data", "decoder_pruned.onnx_data_1"],
};

for (const [decoder, data] of Object.entries(DECODERS)) {
  // On the CPU every run of the tests has all of them (other-exports.test.ts). A software adapter takes a minute for each.
  const name = `${decoder} answers questions that begin alike on WebGPU as on WASM, and as torch does`;
  test(name, { tag: EXHAUSTIVE_TAG }, async ({ kitPage, server }) => {
    test.setTimeout(240_000);
    const model = describeExport(decoder, data, `${server.origin}/models/`);
    for (const device of ["webgpu", "wasm"] as const) {
      const answers = await kitPage.evaluate(
        async ({ model, device, questions }) => {
          const { vlm } = await window.kit.observe({ model, device });
          const found = [];
          for (const { prompt, system = "", maxNewTokens } of questions) {
            const { text, device, cached, tokens } = await window.kit.ask(vlm, {
              prompt,
              system,
              maxNewTokens,
            });
            found.push({ text, device, cached, isForked: tokens.reused > 0 });
          }
          await vlm.dispose();
          return found;
        },
        { model, device, questions },
      );
      expect(answers).toEqual(
        questions.map(({ answer }, index) => ({
          text: answer,
          device,
          cached: false,
          isForked: index > 0,
        })),
      );
    }
  });
}

test("files beside a graph are downloaded, kept, counted and deleted with the model", async ({
  kitPage,
  server,
}) => {
  test.setTimeout(120_000);
  const [decoder, data] = Object.entries(DECODERS)[2]!;
  const model = describeExport(decoder, data, `${server.origin}/models/`);
  const seen = await kitPage.evaluate(
    async ({ model, question }) => {
      const { observe, ask, openLibrary, stored } = window.kit;
      const first = await observe({ model, device: "wasm" });
      await first.vlm.dispose();
      const hashes = await stored.hashFiles(model);
      const offline = await observe({ model, device: "wasm", network: "none" });
      const { text } = await ask(offline.vlm, {
        prompt: question.prompt,
        system: question.system!,
        cache: false,
      });
      await offline.vlm.dispose();
      const library = openLibrary();
      const [listed] = await library.listModels();
      await library.deleteModel(model.id);
      const left = await stored.hashFiles(model);
      return { paths: Object.keys(hashes), text, bytes: listed?.storedBytes, left };
    },
    { model, question: questions[0]! },
  );
  expect(seen.paths.sort()).toEqual(Object.keys(model.files).sort());
  expect(seen.text).toBe(questions[0]!.answer);
  expect(seen.bytes).toBe(Object.values(model.files).reduce((sum, { bytes }) => sum + bytes, 0));
  expect(seen.left).toEqual({});
});

function describeExport(decoder: string, data: readonly string[], origin: string): ModelDescriptor {
  const graphs = {
    vision: "onnx/vision_encoder.onnx",
    embed: "onnx/embed_tokens.onnx",
    decoder: `onnx/${decoder}`,
  };
  const externalData = {
    embed: ["onnx/embed_tokens.onnx_data"],
    decoder: data.map((name) => `onnx/${name}`),
  };
  const own = [
    "config.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    ...Object.values(graphs),
    ...Object.values(externalData).flat(),
  ];
  const file = (folder: string, base: string, path: string): [string, ModelFile] => [
    path,
    { url: `${origin}${base}/${path}`, bytes: statSync(folder + path).size },
  ];
  const variant = (device: ModelVariant["device"]): ModelVariant => {
    return { id: device, device, graphs, externalData };
  };
  const prompt = "Describe this image in one short sentence.";
  return {
    id: decoder,
    revision: "1",
    license: { id: "none", summary: "Weights made for tests.", isAccepted: true },
    files: Object.fromEntries([
      ...own.map((path) => file(EXPORTER_DECODERS_FOLDER, "exporter-decoders", path)),
      file(TINY_MODEL_FOLDER, "tiny", "tokenizer.json"),
    ]),
    variants: [variant("webgpu"), variant("wasm")],
    imageSize: 256,
    captions: {
      brief: { prompt, maxNewTokens: 16 },
      detailed: { prompt, maxNewTokens: 16 },
      "alt-text": { prompt, maxNewTokens: 16 },
    },
  };
}
