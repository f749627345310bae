/**
 * Workers that a bundler made one file of, on an isolated page: onnxruntime starts its threads from
 * that file, and they run.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import * as esbuild from "esbuild";
import { build } from "vite";
import { sharedConfig } from "../vite.config.ts";
import { expect, openKit, SCENES_FOLDER, test, TINY_MODEL_FOLDER } from "./fixtures.ts";
import type { Shown } from "./merged/caption.ts";
import { startTestServer } from "./server/test-server.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const CONDITIONS = ["@fastvlm-kit/source"];

async function buildWithVite(outDir: string): Promise<void> {
  const { worker, ...config } = sharedConfig;
  expect(worker).toMatchObject({ format: "es" }); // What this app has not.
  await build({
    ...config,
    configFile: false,
    root: here("merged"),
    base: "./",
    logLevel: "error",
    build: { ...config.build, outDir, emptyOutDir: true },
  });
}

async function buildWithEsbuild(outDir: string): Promise<void> {
  await esbuild.build({
    entryPoints: { page: here("merged/esbuild.ts"), "vlm.worker": here("merged/vlm.worker.ts") },
    outdir: join(outDir, "app"),
    bundle: true,
    format: "esm",
    conditions: CONDITIONS,
    logLevel: "error",
  });
  writeFileSync(
    join(outDir, "index.html"),
    `<!doctype html><output></output><script type="module" src="/app/page.js"></script>`,
  );
  // esbuild copies no files that a script addresses relative to itself; an app does that itself.
  const ort = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/wasm"));
  const wasm = "ort-wasm-simd-threaded.wasm";
  writeFileSync(join(outDir, "app", wasm), readFileSync(join(ort, wasm)));
}

const BUILDS = { Vite: buildWithVite, esbuild: buildWithEsbuild };

for (const [name, buildPage] of Object.entries(BUILDS)) {
  test(`a worker that ${name} made one file of runs on threads where the page is isolated`, async ({
    page,
    server: kitServer,
    context,
  }) => {
    const outDir = here(`../.cache/e2e/merged-${name}`);
    mkdirSync(outDir, { recursive: true });
    await buildPage(outDir);
    const server = await startTestServer({
      isolated: true,
      folders: { "/": outDir, "/scenes/": SCENES_FOLDER, "/model/": TINY_MODEL_FOLDER },
    });
    await page.goto(`${server.origin}/index.html`);
    expect(await page.evaluate(() => window.crossOriginIsolated)).toBe(true);
    const shown = await readShown(page);
    await server.close();

    const kitPage = await context.newPage();
    await openKit(kitPage, kitServer);
    const expected = await kitPage.evaluate(async () => {
      const { vlm } = await window.kit.observe({ device: "wasm" });
      return (await vlm.caption("/scenes/scene-05.png", { cache: false })).text;
    });
    expect(shown).toEqual({ text: expected, events: ["call-ended"] });
    // Once for the worker, and once for each thread beside it: there are two cores at least.
    const scripts = server.requests.filter((path) => /vlm\.worker[\w.-]*\.js$/.test(path));
    expect(new Set(server.requests.filter((path) => path.endsWith(".js"))).size).toBe(2);
    expect(scripts.length).toBeGreaterThan(1);
  });
}

async function readShown(page: Page): Promise<Shown> {
  const read = () => page.evaluate(() => document.querySelector("output")!.textContent);
  await expect.poll(read, { timeout: 60_000 }).not.toBe("");
  return JSON.parse(await read()) as Shown;
}
