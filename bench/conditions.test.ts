import { expect, test } from "vitest";
import { parseArguments, type Arguments } from "./arguments.ts";
import { countOptions, listLeftOut, loadOptions } from "./conditions.ts";
import type { FoundGraphics } from "./graphics.ts";

const argumentsOf = (...args: string[]): Arguments => parseArguments(args) as Arguments;
const gpu: FoundGraphics = { graphics: "hardware", name: "a GPU", hasFloat16: true };

test("gives transformers.js the precisions that suit the device", () => {
  expect(loadOptions(argumentsOf(), undefined).dtypes).toMatchObject({ decoder: "int8" });
  const onGpu = argumentsOf("--device", "webgpu");
  expect(loadOptions(onGpu, gpu).dtypes).toMatchObject({ decoder: "q4f16" });
  expect(loadOptions(onGpu, { ...gpu, hasFloat16: false }).dtypes).toMatchObject({ decoder: "q4" });
  const smolVlm = argumentsOf("--model", "smolvlm-256m");
  expect(loadOptions(smolVlm, undefined).dtypes).toMatchObject({ vision: "int8" });
});

test("counts on the embedded model where the GPU is in software", () => {
  const software: FoundGraphics = { ...gpu, graphics: "software" };
  const onGpu = argumentsOf("--device", "webgpu");
  expect(countOptions(onGpu, software)).toMatchObject([{ files: "tiny" }]);
  expect(countOptions(onGpu, gpu)).toMatchObject([{ files: "full-size" }]);
  expect(countOptions(argumentsOf(), gpu)).toMatchObject([{ files: "tiny" }]);
});

test("counts SmolVLM with one tile and with several", () => {
  const args = argumentsOf("--device", "webgpu", "--model", "smolvlm-256m");
  expect(countOptions(args, gpu).map(({ imageSize }) => imageSize)).toEqual([1024, 512]);
  const software: FoundGraphics = { ...gpu, graphics: "software" };
  expect(countOptions(args, software).map(({ imageSize }) => imageSize)).toEqual([256, 128]);
});

test("says what it leaves out", () => {
  expect(listLeftOut(argumentsOf(), true)).toEqual([]);
  expect(listLeftOut(argumentsOf("--quick"), true).join()).toContain("pictures of 1024 and 512 px");
  expect(listLeftOut(argumentsOf("--device", "webgpu"), false).join()).toContain("software");
  expect(listLeftOut(argumentsOf("--rows", "load"), true).join()).toContain("all groups but load");
});
