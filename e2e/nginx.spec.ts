/** The deployment with nginx: Debian's nginx with the configuration of `deploy/`, and the installable app behind it. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, TINY_MODEL_FOLDER } from "./fixtures.ts";
import { startNginx, type NginxServer } from "./nginx-server.ts";
import { addScenes, expectCaption } from "./pwa-app.ts";

const ONE_YEAR = "public, max-age=31536000, immutable";

let nginx: NginxServer;

test.beforeAll(async () => {
  nginx = await startNginx();
});

test.afterAll(() => {
  nginx.close();
});

test("an app behind nginx is isolated, and captions an image @exhaustive", async ({ page }) => {
  const refused: string[] = [];
  page.on("console", (message) => {
    if (/Content Security Policy|ERR_BLOCKED/.test(message.text())) refused.push(message.text());
  });
  await page.goto(`${nginx.origin}/index.html`);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await addScenes(page, 0);
  await expectCaption(page, 0);
  expect(refused).toEqual([]);
});

test("nginx sends headers, compressed files and ranges as the docs say @exhaustive", async ({
  request,
}) => {
  const asset = readdirSync(join(nginx.app, "assets")).find((name) => name.endsWith(".js"))!;
  const script = await request.get(`${nginx.origin}/assets/${asset}`, {
    headers: { "accept-encoding": "gzip" },
  });
  expect(script.headers()).toMatchObject({
    "cache-control": ONE_YEAR,
    "content-encoding": "gzip",
    "content-type": "text/javascript",
    vary: "Accept-Encoding",
  });
  const wasm = readdirSync(join(nginx.app, "assets")).find((name) => name.endsWith(".wasm"))!;
  const runtime = await request.head(`${nginx.origin}/assets/${wasm}`);
  expect(runtime.headers()["content-type"]).toBe("application/wasm");

  const weights = `${nginx.origin}/models/tiny/1/onnx/decoder_model_merged_int8.onnx`;
  const part = await request.get(weights, {
    headers: { range: "bytes=10-19", "accept-encoding": "gzip" },
  });
  expect(part.status()).toBe(206);
  const whole = readFileSync(join(TINY_MODEL_FOLDER, "onnx/decoder_model_merged_int8.onnx"));
  expect(await part.body()).toEqual(whole.subarray(10, 20));
  expect(part.headers()).toMatchObject({
    "content-range": `bytes 10-19/${String(whole.length)}`,
    "cache-control": ONE_YEAR,
  });

  for (const path of ["/", "/service-worker.js", "/nothing-here", `/assets/${asset}`]) {
    const { "cache-control": cache, ...headers } = (
      await request.get(nginx.origin + path)
    ).headers();
    expect(headers, path).toMatchObject({
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
      "x-content-type-options": "nosniff",
    });
    if (!path.startsWith("/assets")) expect(cache).toBe("no-cache");
  }
});
