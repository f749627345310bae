import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SelfCheck } from "../protocol/model-descriptor.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const TINY = "packages/tiny/model";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fastvlm-selfcheck-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** What `npm run selfcheck -- ...args` runs, without npm. */
function selfcheck(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
    scripts: { selfcheck: string };
  };
  const [, ...words] = scripts.selfcheck.split(" ");
  return new Promise((resolve) => {
    execFile(process.execPath, [...words, ...args], { cwd: ROOT }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

describe.skipIf(!existsSync(`${ROOT}${TINY}/onnx/vision_encoder.onnx`))("fastvlm-selfcheck", () => {
  it("reads images and files from disk, and writes the check and the report", async () => {
    const [out, report] = [join(folder, "check.json"), join(folder, "report.md")];
    const image = "e2e/fixtures/scenes/scene-04.png";
    const { code, stdout, stderr } = await selfcheck(
      ...[TINY, image, "--sets", "int8", "--tokens", "4", "--prompt", "Describe this image."],
      ...["--out", out, "--report", report],
    );
    expect(stderr).toContain("int8: scene-04.png");
    expect(code).toBe(0);
    expect(stdout).toMatch(/\| int8 \| 1\.0000 \/ 1\.0000 +\| 1 of 1 /);
    expect(stdout).toContain("A lollipop");
    expect(await readFile(report, "utf8")).toBe(stdout);
    const check = JSON.parse(await readFile(out, "utf8")) as SelfCheck;
    expect(check).toMatchObject({ imageSize: 256, minCosine: 0.97 });
    expect(check.features.length).toBeGreaterThan(100);
  });

  it("reads a SmolVLM's folder, and checks one tile", async () => {
    const out = join(folder, "tile.json");
    const { code, stdout, stderr } = await selfcheck(
      ...["packages/tiny/smolvlm/model", "e2e/fixtures/scenes/scene-04.png", "--sets", "fp32,int8"],
      ...["--tokens", "4", "--prompt", "Describe this image.", "--out", out],
    );
    expect(stderr).toContain("int8: scene-04.png");
    expect(code).toBe(0);
    expect(stdout).toMatch(/\| int8 \| 1\.0000 \/ 1\.0000 +\| 1 of 1 /);
    expect(stdout).toContain("A lollipop");
    const check = JSON.parse(await readFile(out, "utf8")) as SelfCheck;
    expect(check).toMatchObject({ imageSize: 128, minCosine: 0.97 });
  });

  it.each([
    ["without an image", [TINY], "at least one IMAGE"],
    ["for a precision that is not there", [TINY, TINY, "--sets", "fp64"], "has no set `fp64`"],
    ["for a folder without graphs", ["docs", "docs"], "lacks a set of graphs"],
  ])("says what is wrong %s", async (_, args, message) => {
    const { code, stderr } = await selfcheck(...args);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});
