import { expect, it } from "vitest";
import { filesOfVariant } from "./model-descriptor.ts";

it("lists the common files and each graph once", () => {
  const graphs = { vision: "all.onnx", embed: "embed.onnx", decoder: "all.onnx" };
  expect(filesOfVariant({ id: "x", device: "wasm", graphs })).toEqual([
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "all.onnx",
    "embed.onnx",
  ]);
});
