/** The deployment with nginx: Debian's nginx with the configuration of `deploy/`, and the installable app behind it. */

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, test } from "./fixtures.ts";
import { addScenes, expectCaption } from "./pwa-app.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const ONE_YEAR = "public, max-age=31536000, immutable";

let prefix: string;
let origin: string;
let nginx: ChildProcess;

test.beforeAll(async () => {
  installNginx();
  prefix = mkdtempSync(join(tmpdir(), "fastvlm-nginx-"));
  chmodSync(prefix, 0o755); // As root, nginx reads as a user without rights.
  cpSync(here("../deploy/nginx"), join(prefix, "nginx"), { recursive: true });
  cpSync(here("../.cache/e2e/pwa"), join(prefix, "app"), { recursive: true });
  cpSync(here("../packages/tiny/model"), join(prefix, "app/models/tiny/1"), { recursive: true });
  compress(join(prefix, "app"));
  const port = await findPort();
  origin = `http://127.0.0.1:${String(port)}`;
  // The port is all that is changed.
  const site = join(prefix, "nginx/site.conf");
  writeFileSync(site, readFileSync(site, "utf8").replace("listen 8080", `listen ${String(port)}`));
  const args = ["-p", prefix, "-c", join(prefix, "nginx/nginx.conf"), "-g", "daemon off;"];
  nginx = spawn("nginx", args, { stdio: ["ignore", "inherit", "inherit"] });
  await expect.poll(isServing, { timeout: 10_000 }).toBe(true);
});

test.afterAll(() => {
  nginx.kill("SIGQUIT");
  rmSync(prefix, { recursive: true, force: true });
});

test("an app behind nginx is isolated, and captions an image @exhaustive", async ({ page }) => {
  const refused: string[] = [];
  page.on("console", (message) => {
    if (/Content Security Policy|ERR_BLOCKED/.test(message.text())) refused.push(message.text());
  });
  await page.goto(`${origin}/index.html`);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await addScenes(page, 0);
  await expectCaption(page, 0);
  expect(refused).toEqual([]);
});

test("nginx sends headers, compressed files and ranges as the docs say @exhaustive", async ({
  request,
}) => {
  const asset = readdirSync(join(prefix, "app/assets")).find((name) => name.endsWith(".js"))!;
  const script = await request.get(`${origin}/assets/${asset}`, {
    headers: { "accept-encoding": "gzip" },
  });
  expect(script.headers()).toMatchObject({
    "cache-control": ONE_YEAR,
    "content-encoding": "gzip",
    "content-type": "text/javascript",
    vary: "Accept-Encoding",
  });
  const wasm = readdirSync(join(prefix, "app/assets")).find((name) => name.endsWith(".wasm"))!;
  const runtime = await request.head(`${origin}/assets/${wasm}`);
  expect(runtime.headers()["content-type"]).toBe("application/wasm");

  const weights = `${origin}/models/tiny/1/onnx/decoder_model_merged_int8.onnx`;
  const part = await request.get(weights, {
    headers: { range: "bytes=10-19", "accept-encoding": "gzip" },
  });
  expect(part.status()).toBe(206);
  const whole = readFileSync(here("../packages/tiny/model/onnx/decoder_model_merged_int8.onnx"));
  expect(await part.body()).toEqual(whole.subarray(10, 20));
  expect(part.headers()).toMatchObject({
    "content-range": `bytes 10-19/${String(whole.length)}`,
    "cache-control": ONE_YEAR,
  });

  for (const path of ["/", "/service-worker.js", "/nothing-here", `/assets/${asset}`]) {
    const { "cache-control": cache, ...headers } = (await request.get(origin + path)).headers();
    expect(headers, path).toMatchObject({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
      "x-content-type-options": "nosniff",
    });
    if (!path.startsWith("/assets")) expect(cache).toBe("no-cache");
  }
});

/** As root on Debian it is installed, like the browser; else whoever runs the test has it. */
function installNginx(): void {
  if (spawnSync("nginx", ["-v"]).status === 0) return;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "nginx-light"],
  ]) {
    const { status } = spawnSync("apt-get", args, { env, stdio: "inherit" });
    if (status !== 0) throw new Error("Install nginx: its tests need it, and apt-get could not.");
  }
}

/** Writes `X.gz` beside each file that compresses well, as the build of a deployment does. */
function compress(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!/\.(?:js|css|html|json|svg|wasm|webmanifest)$/.test(name)) continue;
    const path = join(folder, name);
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 1 }));
  }
}

function findPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

async function isServing(): Promise<boolean> {
  return fetch(`${origin}/healthz`).then(
    ({ ok }) => ok,
    () => false, // It does not listen yet.
  );
}
