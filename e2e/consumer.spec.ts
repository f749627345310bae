/**
 * The packages as someone else gets them: packed, installed into a fresh app outside this
 * repository, type-checked, built and opened. The app is in `consumer/`.
 */

import { cpSync, lstatSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test, type Page } from "@playwright/test";
import { EXHAUSTIVE_TAG } from "../tools/exhaustive.ts";
import { createApp, PACKED_FOLDER, type App } from "./apps/app.ts";
import { SCENES_FOLDER } from "./fixtures.ts";
import { startTestServer } from "./server/test-server.ts";

let app: App;

const inApp = (command: string, ...args: string[]): Promise<string> => app.run(command, ...args);

test.describe.configure({ mode: "serial" });

test.beforeAll(async () => {
  test.setTimeout(300_000);
  app = createApp(fileURLToPath(new URL("consumer/", import.meta.url)));
  cpSync(PACKED_FOLDER, join(app.folder, "packed"), { recursive: true });
  await inApp("npm", "install"); // with install scripts: its .npmrc is not the repository's
});

test.afterAll(() => {
  app.remove();
});

/** Files below a folder of the app, with their sizes. */
function listFiles(folder: string): { readonly path: string; readonly bytes: number }[] {
  return readdirSync(join(app.folder, folder), { recursive: true, encoding: "utf8" })
    .map((path) => ({ path: `${folder}/${path}`, stat: lstatSync(join(app.folder, folder, path)) }))
    .filter(({ stat }) => stat.isFile())
    .map(({ path, stat }) => ({ path, bytes: stat.size }));
}

/** Where the packages are that one of npm's selectors finds. */
async function queryPackages(selector: string): Promise<string[]> {
  const found = JSON.parse(await inApp("npm", "query", selector)) as { location: string }[];
  return found.map(({ location }) => location);
}

test("brings no install script, and no runtime but the one that it loads", async () => {
  // Of the packages that the app gets from ours; its own tools are marked as development.
  const scripts = ["preinstall", "install", "postinstall"];
  const withScript = scripts.map((name) => `:not(.dev):attr(scripts, [${name}])`).join(", ");
  expect(await queryPackages(withScript)).toEqual([]);
  expect(await queryPackages("#comlink:not(.dev)")).toEqual(["node_modules/comlink"]);

  const files = listFiles("node_modules");
  const runtimes = files.filter(({ path }) => /onnx.*\.(wasm|node|so[.\d]*)$/.test(path));
  expect(runtimes.map(({ path }) => path).sort()).toEqual(
    ["asyncify.wasm", "jspi.wasm", "wasm"].map(
      (name) => `node_modules/@fastvlm-kit/web/dist/onnxruntime/ort-wasm-simd-threaded.${name}`,
    ),
  );
  // The app's own compilers are no part of what it gets.
  const delivered = files.filter(({ path }) => !path.startsWith("node_modules/typescript-5"));
  const megabytes = delivered.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  console.log(`node_modules has ${megabytes.toFixed(0)} MB.`);
  expect(megabytes).toBeLessThan(200);
});

/** The compilers that README.md of packages/web names, by the folders that they are installed in. */
const COMPILERS = ["typescript-5.4", "typescript-5", "typescript"];

const RESOLUTIONS = [
  { module: "ESNext", moduleResolution: "Bundler" },
  { module: "Node16", moduleResolution: "Node16" },
  { module: "NodeNext", moduleResolution: "NodeNext" },
];

for (const compiler of COMPILERS) {
  for (const { module, moduleResolution } of RESOLUTIONS) {
    // The oldest compiler lacks the most. What resolves as in Node resolves in bundlers too.
    const isQuick = compiler === COMPILERS[0] && module === "NodeNext";
    test(
      `type-checks in an app with ${compiler} and ${moduleResolution}, the packages' declarations included`,
      { tag: isQuick ? [] : EXHAUSTIVE_TAG },
      async () => {
        const settings = ["--module", module, "--moduleResolution", moduleResolution];
        const tsc = `node_modules/${compiler}/bin/tsc`;
        expect(await inApp(process.execPath, tsc, "--project", ".", ...settings)).toBe("");
      },
    );
  }
}

test("captions a picture in the built app without leaving its origin", async ({ page }) => {
  await inApp("npx", "--no-install", "vite", "build");
  const server = await startTestServer({
    isolated: true,
    folders: { "/": join(app.folder, "dist"), "/scenes/": SCENES_FOLDER },
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
  expect(weighScripts(requested)).toEqual({ builds: 1, isSmall: true });
  const elsewhere = requested.filter((url) => !url.startsWith(server.origin));
  expect(elsewhere.filter((url) => !/^(data|blob):/.test(url))).toEqual([]);
});

/** The scripts that a page and its worker asked for, with gzip, and the builds of onnxruntime among them. */
function weighScripts(urls: readonly string[]): { builds: number; isSmall: boolean } {
  const names = new Set(
    urls.map((url) => new URL(url).pathname).filter((path) => path.endsWith(".js")),
  );
  const scripts = [...names].map((name) => readFileSync(join(app.folder, "dist", name)));
  const kilobytes = scripts.reduce((sum, script) => sum + gzipSync(script).length, 0) / 1e3;
  console.log(`Page and worker loaded ${kilobytes.toFixed(1)} kB of scripts with gzip.`);
  const builds = scripts.filter((script) => script.includes("ort-wasm-simd-threaded")).length;
  // The parts have budgets of their own, which sum up to 192.2 kB: packages/web/test/bundle.test.ts. What several of them
  // share are files of their own here, which weigh 2 kB more than in one piece.
  return { builds, isSmall: kilobytes < 195 };
}

test("keeps the runtime out of the page's own script", () => {
  const scripts = readdirSync(join(app.folder, "dist/assets")).filter((name) =>
    /^index-.*\.js$/.test(name),
  );
  expect(scripts).toHaveLength(1);
  const script = readFileSync(join(app.folder, "dist/assets", scripts[0]!));
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
  const files = readdirSync(join(app.folder, "out/onnx")).sort();
  expect(files).toEqual(["decoder_model_merged.onnx", "embed_tokens.onnx", "vision_encoder.onnx"]);
  for (const file of files)
    expect(lstatSync(join(app.folder, "out/onnx", file)).size).toBeGreaterThan(1e5);
});

/** Events of a client that has no GPU, and goes on with less than it should have. */
const SOMETHING_WRONG = /threads-fallback|worker-restarted|storage-degraded/;

/** Opens the page without a bundler, whose import map and worker name files of `origin`. */
async function captionPlainly(
  page: Page,
  { isolated, from }: { isolated: boolean; from: "here" | "elsewhere" },
): Promise<{ text: string; title: string; elsewhere: readonly string[] }> {
  const vlm = await startTestServer({ isolated, folders: { "/vlm/": join(app.folder, "vlm") } });
  const folder = join(app.folder, "plain");
  const server = await startTestServer({
    isolated,
    folders: { "/": folder, "/vlm/": join(app.folder, "vlm"), "/scenes/": SCENES_FOLDER },
  });
  const html = readFileSync(join(folder, "index.html"), "utf8");
  writeFileSync(join(folder, "elsewhere.html"), html.replaceAll('"/vlm/', `"${vlm.origin}/vlm/`));
  const requested: string[] = [];
  page.on("request", (request) => requested.push(request.url()));
  await page.goto(`${server.origin}/${from === "here" ? "index" : from}.html`);
  const output = page.getByRole("status");
  await expect(output).not.toBeEmpty({ timeout: 60_000 });
  const seen = { text: (await output.textContent()) ?? "", title: await page.title() };
  await Promise.all([server.close(), vlm.close()]);
  const elsewhere = requested.filter((url) => new URL(url).origin === vlm.origin);
  return { ...seen, elsewhere };
}

test("captions a picture in a page without a bundler, from files that a command has copied", async ({
  page,
}) => {
  const args = ["--no-install", "fastvlm-copy-files", "vlm", "--page", "--model", "tiny"];
  const report = await inApp("npx", ...args);
  expect(report).toMatch(/^\d+ files with \d+\.\d MB are in vlm\.\n$/);
  const { text, title, elsewhere } = await captionPlainly(page, { isolated: true, from: "here" });
  expect(text).toMatch(/^An? .+\.$/);
  expect(title).not.toMatch(SOMETHING_WRONG);
  expect(elsewhere).toEqual([]);
});

for (const isolated of [false, true]) {
  test(`starts its worker from another origin${isolated ? ", with threads where the page is isolated" : ""}`, async ({
    page,
  }) => {
    const { text, title, elsewhere } = await captionPlainly(page, { isolated, from: "elsewhere" });
    expect(text).toMatch(/^An? .+\.$/);
    expect(title).not.toMatch(SOMETHING_WRONG);
    expect(elsewhere.some((url) => url.endsWith("/worker.bundle.js"))).toBe(true);
    expect(elsewhere.some((url) => url.endsWith(".wasm"))).toBe(true);
  });
}

test("copies what the chosen devices need, and removes what is not needed any more", async () => {
  const args = ["--no-install", "fastvlm-copy-files", "vlm", "--devices"] as const;
  const wasmFiles = () =>
    listFiles("vlm")
      .map(({ path }) => path.split("/").at(-1)!)
      .filter((name) => name.endsWith(".wasm"))
      .sort();
  await inApp("npx", ...args, "webgpu");
  expect(wasmFiles()).toEqual(["ort-wasm-simd-threaded.jspi.wasm", "ort-wasm-simd-threaded.wasm"]);
  expect(listFiles("vlm").filter(({ bytes }) => bytes > 25 * 2 ** 20)).toEqual([]);
  await inApp("npx", ...args, "wasm");
  expect(wasmFiles()).toEqual(["ort-wasm-simd-threaded.wasm"]);
  expect(listFiles("vlm").some(({ path }) => path.endsWith(".onnx"))).toBe(false);
  const scripts = listFiles("vlm").filter(({ path }) => /\.m?js$/.test(path));
  const texts = scripts.map(({ path }) => readFileSync(join(app.folder, path), "utf8"));
  expect(texts.filter((text) => /jsdelivr|unpkg|cdnjs|esm\.sh/.test(text))).toEqual([]);
});
