import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UsageError } from "./arguments.ts";
import { describeFolder } from "./model-folder.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fastvlm-model-"));
  mkdirSync(join(folder, "onnx"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(...paths: string[]): void {
  for (const path of paths) writeFileSync(join(folder, path), "{}");
}

const COMMON = ["config.json", "tokenizer.json", "tokenizer_config.json"];
const FP32 = ["vision_encoder", "embed_tokens", "decoder_model_merged"].map(
  (stem) => `onnx/${stem}.onnx`,
);

test("offers each device the precisions that suit it, best first", () => {
  write(
    ...COMMON,
    ...FP32,
    "onnx/decoder_model_merged_q4.onnx",
    "onnx/decoder_model_merged_int8.onnx",
  );
  const { variants } = describeFolder(folder, "/model");
  expect(variants.map(({ device, id }) => `${device} ${id}`)).toEqual([
    "webgpu q4",
    "webgpu fp32",
    "wasm int8",
    "wasm fp32",
    "wasm q4",
  ]);
  expect(variants[2]!.graphs).toEqual({
    vision: "onnx/vision_encoder.onnx",
    embed: "onnx/embed_tokens.onnx",
    decoder: "onnx/decoder_model_merged_int8.onnx",
  });
});

test("needs half precision of the GPU where a graph calculates in it", () => {
  write(
    ...COMMON,
    ...FP32,
    "onnx/decoder_model_merged_q4f16.onnx",
    "onnx/vision_encoder_fp16.onnx",
  );
  const [first] = describeFolder(folder, "/model").variants;
  expect(first).toMatchObject({ id: "q4f16", requires: ["shader-f16"] });
  expect(first!.graphs.vision).toBe("onnx/vision_encoder_fp16.onnx");
});

test("lists sizes and addresses of what the variants use, and nothing else", () => {
  write(...COMMON, ...FP32, "onnx/notes.txt");
  const { files } = describeFolder(folder, "/model");
  expect(Object.keys(files).sort()).toEqual([...COMMON, ...FP32].sort());
  expect(files["config.json"]).toEqual({ url: "/model/config.json", bytes: 2 });
});

test("lists the files that graphs keep their weights in, and a template in a file of its own", () => {
  const data = ["onnx/embed_tokens.onnx.data", "onnx/decoder_model_merged.onnx_data_1"];
  write(...COMMON, ...FP32, ...data, "chat_template.jinja");
  const { files, variants } = describeFolder(folder, "/model");
  expect(Object.keys(files).sort()).toEqual(
    [...COMMON, ...FP32, ...data, "chat_template.jinja"].sort(),
  );
  expect(variants[0]!.externalData).toEqual({ vision: [], embed: [data[0]], decoder: [data[1]] });
});

test.each([
  [{ crop_size: { height: 512, width: 512 }, size: { shortest_edge: 256 } }, 512],
  [{ size: { shortest_edge: 256 } }, 256],
  [{ size: 384 }, 384],
  [{}, 1024],
])("takes the picture's side from %j", (config, side) => {
  write(...COMMON, ...FP32);
  writeFileSync(join(folder, "preprocessor_config.json"), JSON.stringify(config));
  expect(describeFolder(folder, "/model").imageSize).toBe(side);
});

test("has another revision when a file has changed", () => {
  write(...COMMON, ...FP32);
  const before = describeFolder(folder, "/model").revision;
  expect(describeFolder(folder, "/model").revision).toBe(before);
  writeFileSync(join(folder, FP32[0]!), "longer");
  expect(describeFolder(folder, "/model").revision).not.toBe(before);
});

test("says what a folder lacks", () => {
  write("config.json");
  expect(() => describeFolder(folder, "/model")).toThrow(
    new UsageError("The model folder has no tokenizer.json."),
  );
  write(...COMMON, ...FP32.slice(1));
  expect(() => describeFolder(folder, "/model")).toThrow("onnx/vision_encoder.onnx");
});
