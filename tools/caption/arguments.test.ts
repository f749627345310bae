import { expect, test } from "vitest";
import { readArguments, UsageError } from "./arguments.ts";

test.each([
  [[], "Name a picture"],
  [["--prompt", "  "], "--prompt needs a question"],
  [["a.png", "--preset", "short"], "--preset must be one of brief, detailed, alt-text"],
  [["a.png", "--device", "gpu"], "--device must be one of auto, webgpu, wasm"],
  [["--prompt", "Hi", "--preset", "brief"], "exclude each other"],
  [["a.png", "--model", "no-such-folder"], 'there is no folder "no-such-folder"'],
  [["a.png", "--accept-license", "mit"], "--accept-license knows apple-amlr"],
  [["--colour"], "Unknown option '--colour'"],
])("refuses %j in a sentence", (args, sentence) => {
  expect(() => readArguments(args)).toThrow(UsageError);
  expect(() => readArguments(args)).toThrow(sentence);
});

test("captions briefly, on whatever device works, when nothing else is asked for", () => {
  expect(readArguments(["a.png", "b.png"])).toMatchObject({
    files: ["a.png", "b.png"],
    prompt: undefined,
    preset: "brief",
    device: "auto",
    model: undefined,
    acceptLicense: false,
    json: false,
    help: false,
  });
});

test("asks a question without a picture", () => {
  expect(readArguments(["--prompt", "Who are you?"])).toMatchObject({
    files: [],
    prompt: "Who are you?",
  });
});
