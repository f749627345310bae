import { expect, it } from "vitest";
import { filesOfVariant } from "./model-descriptor.ts";

it("lists the common files and each graph once", () => {
  const graphs = { vision: "all.onnx", embed: "embed.onnx", decoder: "all.onnx" };
  expect(filesOfVariant({ files: {} }, { id: "x", device: "wasm", graphs })).toEqual([
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "all.onnx",
    "embed.onnx",
  ]);
});

it("lists the files that graphs keep their weights in, and optional ones that the model has", () => {
  const graphs = { vision: "v.onnx", embed: "e.onnx", decoder: "d.onnx" };
  const externalData = { decoder: ["d.onnx_data", "d.onnx_data_1"], vision: ["d.onnx_data"] };
  const file = { url: "/", bytes: 1 };
  const files = { "chat_template.jinja": file, "generation_config.json": file, "README.md": file };
  expect(
    filesOfVariant({ files }, { id: "x", device: "wasm", graphs, externalData }).slice(3),
  ).toEqual([
    "generation_config.json",
    "chat_template.jinja",
    "v.onnx",
    "e.onnx",
    "d.onnx",
    "d.onnx_data",
    "d.onnx_data_1",
  ]);
});
