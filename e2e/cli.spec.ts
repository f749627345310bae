/** `npm run caption` as a script calls it. */

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { SCENES_FOLDER, TINY_MODEL_FOLDER } from "./fixtures.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const SCENES = [`${SCENES_FOLDER}scene-01.png`, `${SCENES_FOLDER}scene-02.png`];
/** The command does not wait until its last answer is stored, so that a test of the others asks about one more. */
const LAST = `${SCENES_FOLDER}scene-03.png`;

let folder: string;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command, with a browser profile of this test's own. */
function caption(...args: string[]): Promise<Ended> {
  const all = ["run", "--silent", "caption", "--", "--profile", join(folder, "profile"), ...args];
  return new Promise((resolve) => {
    execFile("npm", all, { cwd: REPOSITORY }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

function lines({ stdout }: Ended): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test.describe.configure({ mode: "serial" });

test.beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fastvlm-caption-test-"));
});

test.afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("prints one JSON line for each file, and knows the answers the second time", async () => {
  const first = await caption("--json", "--device", "wasm", ...SCENES, LAST);
  expect(first.code).toBe(0);
  const milliseconds = expect.any(Number) as unknown as number;
  expect(lines(first)).toEqual(
    [...SCENES, LAST].map((file) => ({
      file,
      text: expect.stringMatching(/^An? .+\.$/) as unknown as string,
      model: "fastvlm-kit/tiny",
      device: "wasm",
      fallbackReason: null,
      cached: false,
      timings: {
        loadMs: milliseconds,
        decodeMs: milliseconds,
        preprocessMs: milliseconds,
        visionMs: milliseconds,
        prefillMs: milliseconds,
        generateMs: milliseconds,
        totalMs: milliseconds,
      },
      tokens: { image: 16, prompt: milliseconds, output: milliseconds },
    })),
  );

  const second = lines(await caption("--json", "--device", "wasm", ...SCENES));
  expect(second.map(({ cached }) => cached)).toEqual([true, true]);
  const texts = lines(first).map(({ text }) => text);
  expect(second.map(({ text }) => text)).toEqual(texts.slice(0, -1));
});

test("reports a file that is refused, and answers about the others", async () => {
  const broken = join(folder, "broken.png");
  writeFileSync(broken, "not a picture");
  const missing = join(folder, "missing.png");
  const ended = await caption("--json", "--device", "wasm", broken, missing, SCENES[0]!);
  expect(ended.code).toBe(1);
  const [first, second, third] = lines(ended);
  expect(first).toEqual({
    file: broken,
    error: {
      code: "image-unsupported",
      message: expect.stringMatching(/\.$/) as unknown as string,
    },
  });
  expect(second).toMatchObject({ file: missing, error: { code: "file-not-found" } });
  expect(third).toMatchObject({ file: SCENES[0], text: expect.any(String) as unknown as string });
  expect(ended.stderr).toContain(`${broken}: image-unsupported: `);
  expect(ended.stderr).toContain(`${missing}: file-not-found: `);
});

test("answers a question without a picture", { tag: EXHAUSTIVE_TAG }, async () => {
  const ended = await caption("--device", "wasm", "--prompt", "What can you do?");
  expect(ended.code).toBe(0);
  expect(ended.stdout).toMatch(/^\S.+\n$/);
  expect(ended.stdout).not.toContain("undefined");
});

test("runs a model from a folder", async () => {
  const args = ["--json", "--device", "wasm", "--model", TINY_MODEL_FOLDER];
  const ended = await caption(...args, "--prompt", "Describe this image.", SCENES[0]!);
  expect(lines(ended)).toMatchObject([{ model: "model", tokens: { image: 16 } }]);
  expect(ended.code).toBe(0);
});

test("asks for the licence before it loads the public model", async () => {
  const ended = await caption("--model", "onnx-community/FastVLM-0.5B-ONNX", SCENES[0]!);
  expect(ended.code).toBe(1);
  expect(ended.stderr).toContain("license-not-accepted: ");
});

test("explains wrong arguments", async () => {
  const ended = await caption("--preset", "short", SCENES[0]!);
  expect(ended).toMatchObject({ code: 2, stdout: "" });
  expect(ended.stderr).toContain("--preset must be one of");
});

test("shows its options", async () => {
  const ended = await caption("--help");
  expect(ended.code).toBe(0);
  expect(ended.stdout).toContain("npm run caption -- FILE...");
});
