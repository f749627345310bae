import { expect, test } from "vitest";
import { parseArguments, UsageError } from "./arguments.ts";

test("measures everything on WASM with the full-size files by default", () => {
  expect(parseArguments([])).toEqual({
    isQuick: false,
    device: "wasm",
    model: "fastvlm-0.5b",
    files: "random",
    form: "own",
    isHeaded: false,
    threads: 2,
    imageSizes: [1024, 512, 256],
    browserArgs: [],
    runs: 3,
    rows: undefined,
  });
});

test("takes a folder of the user's own files", () => {
  expect(parseArguments(["--files", "my-model"])).toMatchObject({ files: { folder: "my-model" } });
  expect(parseArguments(["--files", "hub"])).toMatchObject({ files: "hub" });
});

test("measures SmolVLM with several tiles and with one", () => {
  const smolVlm = ["--model", "smolvlm-256m"];
  expect(parseArguments(smolVlm)).toMatchObject({ imageSizes: [1024, 512] });
  expect(parseArguments([...smolVlm, "--quick"])).toMatchObject({ imageSizes: [512] });
  expect(() => parseArguments([...smolVlm, "--sizes", "256"])).toThrow("multiples of 512");
});

test("takes the exporters' form of the files that it writes", () => {
  expect(parseArguments(["--form", "exporter"])).toMatchObject({ form: "exporter" });
});

test.each([
  ["--device", "cuda"],
  ["--form", "other"],
  ["--model", "smolvlm"],
  ["--rows", "loads"],
  ["--threads", "0"],
  ["--threads", "many"],
  ["--fast"],
  ["--sizes", "512,100"],
])("refuses %s %s", (...args) => {
  expect(() => parseArguments(args)).toThrow(UsageError);
});
