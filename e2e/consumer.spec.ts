/**
 * The packages as someone else gets them: packed, installed into a fresh app outside this
 * repository, type-checked, built and opened. The app is in `consumer/`.
 */

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, test } from "@playwright/test";
import { packPackages, PUBLISHED_PROJECTS } from "../tools/pack.ts";
import { runBin } from "../tools/run.ts";
import { SCENES_FOLDER } from "./fixtures.ts";
import { startTestServer } from "./server/test-server.ts";

const TEMPLATE = fileURLToPath(new URL("consumer/", import.meta.url));

let app: string;

/** Runs a command in the app; what it printed is part of the error when it fails. */
async function inApp(command: string, ...args: string[]): Promise<string> {
  // npm tells its children about the repository that it was started in, and Vite, which built the
  // test pages, says production, where npm leaves out the compiler.
  const env = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|INIT_CWD$|NODE_ENV$)/.test(name),
  );
  const { stdout } = await promisify(execFile)(command, args, {
    cwd: app,
    env: Object.fromEntries(env),
    timeout: 180_000,
  });
  return stdout;
}

test.describe.configure({ mode: "serial" });

test.beforeAll(async () => {
  test.setTimeout(300_000);
  if (!(await runBin("tsc", ["-b", ...PUBLISHED_PROJECTS]))) throw new Error("The build failed.");
  app = mkdtempSync(join(tmpdir(), "fastvlm-consumer-"));
  cpSync(TEMPLATE, app, { recursive: true });
  packPackages(join(app, "packed"));
  await inApp("npm", "install");
});

test.afterAll(() => {
  rmSync(app, { recursive: true, force: true });
});

test("type-checks in an app, the packages' own declarations included", async () => {
  expect(await inApp("npx", "--no-install", "tsc", "--project", ".")).toBe("");
});

test("captions a picture in the built app without leaving its origin", async ({ page }) => {
  await inApp("npx", "--no-install", "vite", "build");
  const server = await startTestServer({
    isolated: true,
    folders: { "/": join(app, "dist"), "/scenes/": SCENES_FOLDER },
  });
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));
  await page.goto(`${server.origin}/index.html`);
  const output = page.getByRole("status");
  await expect(output).not.toBeEmpty({ timeout: 60_000 });
  expect(await output.textContent()).toMatch(/^An? .+\.$/);
  await server.close();

  // The worker's requests are among them, so that what follows says something about it.
  expect(requested.some((url) => url.endsWith(".onnx"))).toBe(true);
  expect(requested.some((url) => url.endsWith(".wasm"))).toBe(true);
  const elsewhere = requested.filter((url) => !url.startsWith(server.origin));
  expect(elsewhere.filter((url) => !/^(data|blob):/.test(url))).toEqual([]);
});

test("keeps the runtime out of the page's own script", () => {
  const scripts = readdirSync(join(app, "dist/assets")).filter((name) =>
    /^index-.*\.js$/.test(name),
  );
  expect(scripts).toHaveLength(1);
  const script = readFileSync(join(app, "dist/assets", scripts[0]!));
  expect(script.toString()).not.toContain("onnxruntime");
  console.log(`The page's script is ${(gzipSync(script).length / 1000).toFixed(1)} kB with gzip.`);
});

test("does nothing when Node imports it", async () => {
  const code = `await import("@fastvlm-kit/web"); await import("@fastvlm-kit/tiny");`;
  expect(await inApp(process.execPath, "--input-type=module", "--eval", code)).toBe("");
});

test("writes a model with the installed command", async () => {
  const args = ["--random", "1", "--size", "tiny", "--out", "out", "--dtype", "fp32"];
  await inApp("npx", "--no-install", "fastvlm-onnx", ...args);
  const files = readdirSync(join(app, "out/onnx")).sort();
  expect(files).toEqual(["decoder_model_merged.onnx", "embed_tokens.onnx", "vision_encoder.onnx"]);
  for (const file of files) expect(statSync(join(app, "out/onnx", file)).size).toBeGreaterThan(1e5);
});
