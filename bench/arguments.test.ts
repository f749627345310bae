import { expect, test } from "vitest";
import { parseArguments, UsageError } from "./arguments.ts";

test("measures everything on WASM with the full-size files by default", () => {
  expect(parseArguments([])).toEqual({
    isQuick: false,
    device: "wasm",
    model: "full-size",
    form: "own",
    isHeaded: false,
    threads: 2,
    imageSizes: [1024, 512, 256],
    runs: 3,
    rows: undefined,
  });
});

test("takes a folder of the user's own as the model", () => {
  expect(parseArguments(["--model", "my-model"])).toMatchObject({ model: { folder: "my-model" } });
  expect(parseArguments(["--model", "hub"])).toMatchObject({ model: "hub" });
});

test("takes the exporters' form of the files that it writes", () => {
  expect(parseArguments(["--form", "exporter"])).toMatchObject({ form: "exporter" });
});

test.each([
  ["--device", "cuda"],
  ["--form", "other"],
  ["--threads", "0"],
  ["--threads", "many"],
  ["--fast"],
  ["--sizes", "512,100"],
])("refuses %s %s", (...args) => {
  expect(() => parseArguments(args)).toThrow(UsageError);
});
