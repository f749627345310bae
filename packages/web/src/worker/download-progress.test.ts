import { expect, it } from "vitest";
import { fastvlm05b } from "../models/fastvlm-05b.ts";
import type { ModelDescriptor, ModelVariant } from "../protocol/model-descriptor.ts";
import type { DownloadProgress } from "../protocol/result.ts";
import { createProgress } from "./download-progress.ts";

const graphs = { vision: "v.onnx", embed: "e.onnx", decoder: "d.onnx" };
const variant: ModelVariant = { id: "x", device: "wasm", graphs };
const paths = ["config.json", "tokenizer.json", "tokenizer_config.json", ...Object.values(graphs)];
const model: ModelDescriptor = {
  ...fastvlm05b(),
  files: Object.fromEntries(
    [...paths, "other.onnx"].map((path) => [path, { url: path, bytes: 100 }]),
  ),
};

it("adds up the files of one variant, with real sizes as they become known", () => {
  const seen: DownloadProgress[] = [];
  const onBytes = createProgress(model, variant, (progress) => seen.push(progress));
  onBytes("config.json", 90, 90, true);
  onBytes("v.onnx", 50, 150, false);
  onBytes("v.onnx", 150, 150, false);
  expect(seen).toEqual([
    { file: "config.json", loadedBytes: 90, totalBytes: 590, cachedBytes: 90 },
    { file: "v.onnx", loadedBytes: 140, totalBytes: 640, cachedBytes: 90 },
    { file: "v.onnx", loadedBytes: 240, totalBytes: 640, cachedBytes: 90 },
  ]);
});

it("ends at its total", () => {
  let last: DownloadProgress | undefined;
  const onBytes = createProgress(model, variant, (progress) => (last = progress));
  for (const path of paths) onBytes(path, 120, 120, path === "e.onnx");
  expect(last).toEqual({ file: "d.onnx", loadedBytes: 720, totalBytes: 720, cachedBytes: 120 });
});
