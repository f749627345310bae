/** Servers that fail or lie get a typed error, and nothing wrong is kept. */

import type { Fault } from "./server/test-server.ts";
import { expect, test } from "./fixtures.ts";

const HUB_PATH = "/hub/onnx-community/FastVLM-0.5B-ONNX/resolve/main";

const cases: [string, Omit<Fault, "path">, Record<string, unknown>][] = [
  ["a server error", { kind: "status", status: 503 }, { reason: "http-status", status: 503 }],
  ["a missing file", { kind: "status", status: 404 }, { reason: "http-status", status: 404 }],
  ["a web page in place of weights", { kind: "html" }, { reason: "content-type" }],
  ["a connection cut in mid-file", { kind: "cut" }, { reason: "network" }],
  ["a file that is too short", { kind: "truncate" }, { reason: "length" }],
  ["a flipped bit", { kind: "corrupt" }, { reason: "integrity" }],
];

for (const [name, fault, details] of cases) {
  test(`${name} is a typed error, and a later start with a good server works`, async ({
    kitPage,
    server,
  }) => {
    server.faults.push({ path: "decoder_model_merged", ...fault });
    const error = await kitPage.evaluate(() =>
      window.kit.failureOf(() =>
        window.kit.observe({ download: { retries: 1, retryDelayMs: 10 } }),
      ),
    );
    expect(error).toMatchObject({ code: "download-failed", details });
    expect(error.message).toMatch(/decoder_model_merged.*\. .*\.$/);

    server.faults.length = 0;
    const text = await kitPage.evaluate(
      async () => (await (await window.kit.observe()).vlm.caption("/scenes/scene-01.png")).text,
    );
    expect(text).not.toBe("");
  });
}

test("nothing is fetched before the licence is accepted", async ({ kitPage, server }) => {
  server.requests.length = 0;
  const error = await kitPage.evaluate(
    (baseUrl) =>
      window.kit.failureOf(() => window.kit.observe({ model: window.kit.fastvlm05b({ baseUrl }) })),
    server.origin + HUB_PATH,
  );
  expect(error).toMatchObject({ code: "license-not-accepted", details: { license: "apple-amlr" } });
  expect(server.requests).toEqual([]);
});

test("loads the public files' names from the hub's layout, through its redirects", async ({
  kitPage,
  server,
}) => {
  const { result, support, progress } = await kitPage.evaluate(async (baseUrl) => {
    const { checkSupport, fastvlm05b, observe } = window.kit;
    const model = fastvlm05b({ baseUrl, acceptLicense: "apple-amlr", imageSize: 256 });
    const { vlm, progress } = await observe({ model });
    return {
      result: await vlm.caption("/scenes/scene-01.png"),
      support: await checkSupport({ model }),
      progress: progress.at(-1)!,
    };
  }, server.origin + HUB_PATH);
  expect(result.text).not.toBe("");
  expect(result.model).toEqual({
    id: "onnx-community/FastVLM-0.5B-ONNX",
    revision: "main",
    variant: "int8",
  });
  // The descriptor's sizes are the real model's; the server's lengths replace them.
  expect(progress.totalBytes).toBe(progress.loadedBytes);
  expect(support).toMatchObject({ isSupported: true, devices: ["wasm"], isExact: false });
  expect(support.downloadBytes).toBeGreaterThan(1e9);
  for (const file of [
    "vision_encoder.onnx",
    "embed_tokens_int8.onnx",
    "decoder_model_merged_int8.onnx",
  ]) {
    expect(server.requests).toContain(`${HUB_PATH}/onnx/${file}`);
    expect(server.requests).toContain(`/cdn/onnx-community/FastVLM-0.5B-ONNX/onnx/${file}`);
  }
});

test("no request leaves for another origin, and none during inference", async ({
  kitPage,
  server,
}) => {
  const origins = new Set<string>();
  kitPage.context().on("request", (request) => origins.add(new URL(request.url()).origin));
  const vlm = await kitPage.evaluateHandle(async () => (await window.kit.observe()).vlm);
  const picture = await kitPage.evaluateHandle(() => window.kit.fetchBlob("/scenes/scene-01.png"));
  server.requests.length = 0;
  await vlm.evaluate(async (vlm, picture) => (await vlm.caption(picture)).text, picture);
  expect(server.requests).toEqual([]);
  expect([...origins].filter((origin) => origin !== "null")).toEqual([server.origin]);
});
