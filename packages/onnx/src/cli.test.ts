import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { withFolder } from "../test/sessions.ts";
import { readModelConfig } from "./model-config.ts";

const cli = fileURLToPath(new URL("cli.ts", import.meta.url));
const run = (...options: string[]) =>
  promisify(execFile)(process.execPath, ["--import", "tsx", cli, ...options]);

test("writes a random model and says each file's size", () =>
  withFolder(async (folder) => {
    const options = ["--random", "1", "--size", "tiny", "--out", folder];
    const { stdout } = await run(...options, "--dtype", "q4,int8", "--graphs", "decoder,embed");
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      expect.stringMatching(/decoder_model_merged_q4\.onnx {2}0\.\d MB$/),
      expect.stringMatching(/embed_tokens_q4\.onnx {2}0\.\d MB$/),
      expect.stringMatching(/decoder_model_merged_int8\.onnx {2}0\.\d MB$/),
      expect.stringMatching(/embed_tokens_int8\.onnx {2}0\.\d MB$/),
    ]);
    expect(readdirSync(join(folder, "onnx"))).toHaveLength(4);
    expect(readModelConfig(join(folder, "config.json")).decoder.hiddenSize).toBe(64);
  }));

test.each([
  [["--weights", "x"], "--out DIR"],
  [["--out", "x"], "--weights PATH"],
  [["--out", "x", "--weights", "nowhere"], "nowhere cannot be opened"],
  [["--out", "x", "--random", "one"], "--random takes a whole number"],
  [["--out", "x", "--random", "1", "--size", "7b"], "--size takes 0.5b, tiny, smolvlm-256m"],
  [["--sizes", "7b"], "--sizes"],
])("%j is answered with one sentence of advice", async (options, advice) => {
  const failure = await run(...options).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 1, stderr: expect.stringContaining(advice) as string });
  expect((failure as { stderr: string }).stderr.trim().split("\n")).toHaveLength(1);
});
