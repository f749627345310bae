/** The descriptor of a model that does not exist. */

import type { ModelDescriptor, ModelVariant } from "../protocol/model-descriptor.ts";

const GRAPHS: ModelVariant["graphs"] = {
  vision: "onnx/vision.onnx",
  embed: "onnx/embed.onnx",
  decoder: "onnx/decoder.onnx",
};

const PATHS = [
  "config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  ...Object.values(GRAPHS),
] as const;

/** A descriptor for both devices. Its files are nowhere: a real worker that gets it fails, and only a fake one loads it. */
export function fakeModel(): ModelDescriptor {
  const file = (path: string) => [path, { url: `https://fake.invalid/${path}`, bytes: 1 }] as const;
  return {
    id: "fake/scripted-answers",
    revision: "0".repeat(40),
    license: { id: "fake", summary: "A fake for tests, without weights.", isAccepted: true },
    files: Object.fromEntries(PATHS.map(file)),
    variants: [
      { id: "fake", device: "webgpu", graphs: GRAPHS },
      { id: "fake", device: "wasm", graphs: GRAPHS },
    ],
    imageSize: 1024,
    captions: {
      brief: { prompt: "Describe this image.", maxNewTokens: 64 },
      detailed: { prompt: "Describe this image in detail.", maxNewTokens: 128 },
      "alt-text": { prompt: "Write alt text for this image.", maxNewTokens: 64 },
    },
  };
}
