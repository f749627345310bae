/** The same files on WebGPU and on WASM give the same answers. */

import { expect, readScenes, test } from "./fixtures.ts";
import { EXHAUSTIVE_TAG, isExhaustive } from "../tools/exhaustive.ts";
import { answerWithKit, answerWithLoadedKit } from "./answers.ts";

const scenes = readScenes().slice(0, isExhaustive ? 48 : 1);

test("gives the same answers on WebGPU as on WASM about drawings", async ({
  kitPage,
  loadedPage,
}) => {
  test.setTimeout(600_000);
  const questions = scenes.map(({ file }) => ({
    prompt: "Describe this image.",
    pictures: [`/scenes/${file}`],
  }));
  // The shared client has the fp16 files, as every client on WebGPU.
  const onGpu = await answerWithLoadedKit(loadedPage, questions);
  const onCpu = await answerWithKit(kitPage, questions, { precision: "fp16", device: "wasm" });
  expect(onGpu.map(({ device }) => device)).toEqual(questions.map(() => "webgpu"));
  expect(onGpu.map(({ text }) => text)).toEqual(onCpu.map(({ text }) => text));
  expect(onGpu.map(({ tokens }) => tokens)).toEqual(onCpu.map(({ tokens }) => tokens));
});

test(
  "answers from text alone and about two pictures on WebGPU as on WASM",
  {
    tag: EXHAUSTIVE_TAG,
  },
  async ({ kitPage }) => {
    test.setTimeout(300_000);
    const [first, second] = readScenes().map(({ file }) => `/scenes/${file}`);
    const questions = [
      { prompt: "What can you do?", pictures: [] },
      { prompt: "What is in the two images?", pictures: [first!, second!] },
      { prompt: "Describe this image in detail.", pictures: [second!] },
    ];
    const onGpu = await answerWithKit(kitPage, questions, { precision: "q4", device: "webgpu" });
    const onCpu = await answerWithKit(kitPage, questions, { precision: "q4", device: "wasm" });
    expect(onGpu.map(({ text }) => text)).toEqual(onCpu.map(({ text }) => text));
  },
);
