import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openExported } from "../test/exported-files.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

describe("fastvlm-inspect", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fastvlm-inspect-"));
    const whole = openExported("embed_tokens_int8");
    await writeFile(join(folder, "cut.onnx"), whole.read(0, whole.size - 100));
    await writeFile(join(folder, "picture.png"), "\u0089PNG, and no model");
    await writeFile(join(folder, "empty.onnx"), "");
    await writeFile(join(folder, "lfs.onnx"), "version https://git-lfs.github.com/spec/v1\noid x");
  });

  afterAll(async () => {
    await rm(folder, { recursive: true });
  });

  it("prints text for people and JSON for programs, and goes on after a file that is none", async () => {
    const file = "e2e/fixtures/exported-fastvlm/onnx/embed_tokens_int8.onnx";
    const text = await inspect(file);
    expect(text).toMatchObject({ code: 0, stderr: "" });
    expect(text.stdout).toMatch(/graph: embed[^]*looked-up-rows: 1/);

    const json = await inspect("--json", join(folder, "cut.onnx"), file);
    expect(json.code).toBe(1);
    expect(json.stderr).toMatch(/^fastvlm-inspect: The .*cut\.onnx file is not a whole ONNX model/);
    expect(JSON.parse(json.stdout)).toMatchObject([{ file, graph: "embed" }]);
  });

  it("answers what is no model with a sentence for each", async () => {
    const names = ["picture.png", "empty.onnx", "lfs.onnx", "nothing.onnx", "."];
    const { code, stdout, stderr } = await inspect(...names.map((name) => join(folder, name)));
    expect([code, stdout]).toEqual([1, ""]);
    const lines = stderr.trim().split("\n");
    expect(lines).toEqual([
      expect.stringMatching(/picture\.png file is not a whole ONNX model/),
      expect.stringMatching(/empty\.onnx is not an ONNX model with one graph/),
      expect.stringMatching(/lfs\.onnx stands for a file that Git LFS did not fetch/),
      expect.stringMatching(/no such file.*nothing\.onnx/),
      expect.stringMatching(/is not a file/),
    ]);
  });
});

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What `npm run inspect -- ...args` runs, without npm. */
async function inspect(...args: string[]): Promise<Outcome> {
  const { scripts } = JSON.parse(await readFile(`${ROOT}package.json`, "utf8")) as {
    scripts: { inspect: string };
  };
  const [, ...words] = scripts.inspect.split(" ");
  const child = spawn(process.execPath, [...words, ...args], { cwd: ROOT });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => (output[name] += text));
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code, ...output });
    });
  });
}
