/** Servers that fail or lie get a typed error, and nothing wrong is kept. */

import { expect, onlyInChromium, test, TINY_MODEL_FOLDER } from "./fixtures.ts";
import { startTestServer, type Fault } from "./server/test-server.ts";

const REPOSITORY = "onnx-community/FastVLM-0.5B-ONNX";
const HUB_PATH = `/hub/${REPOSITORY}/resolve/main`;

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

test("loads the public files' names from the hub's layout, at the commit that a branch is at", async ({
  kitPage,
}) => {
  // As the hub is: the page, the hub and its CDN are three origins, and the CDN names no versions.
  await using hub = await startTestServer({
    isolated: true,
    folders: { [`/cdn/${REPOSITORY}/`]: TINY_MODEL_FOLDER },
  });
  const commit = "c0ffee".padEnd(40, "0");
  Object.assign(hub.hub, { commit, cdnOrigin: hub.otherOrigin });
  hub.hidesEtag = true;
  const options = { endpoint: `${hub.origin}/hub`, revision: "tiny", imageSize: 256 };
  const load = () =>
    kitPage.evaluate(async (options) => {
      const { checkSupport, fastvlm05b, observe, openLibrary } = window.kit;
      const model = fastvlm05b({ ...options, acceptLicense: "apple-amlr" });
      const { vlm, progress } = await observe({ model });
      const seen = {
        result: await vlm.caption("/scenes/scene-01.png"),
        support: await checkSupport({ model }),
        progress: progress.at(-1)!,
        stored: await openLibrary().listModels(),
      };
      await vlm.dispose();
      return seen;
    }, options);
  const { result, support, progress, stored } = await load();
  expect(result.text).not.toBe("");
  expect(result.model).toEqual({ id: REPOSITORY, revision: commit, variant: "int8" });
  expect(stored.map(({ revision }) => revision)).toEqual([commit]);
  // The descriptor's sizes are the real model's; the server's lengths replace them.
  expect(progress.totalBytes).toBe(progress.loadedBytes);
  expect(support).toMatchObject({
    isSupported: true,
    devices: ["wasm"],
    variant: "int8",
    isExact: false,
  });
  expect(support.downloadBytes).toBeGreaterThan(1e9);
  for (const file of [
    "vision_encoder.onnx",
    "embed_tokens_int8.onnx",
    "decoder_model_merged_int8.onnx",
  ]) {
    expect(hub.requests).toContain(`/hub/${REPOSITORY}/resolve/${commit}/onnx/${file}`);
    expect(hub.requests).toContain(`/cdn/${REPOSITORY}/onnx/${file}`);
  }
  const questions = hub.requests.filter((path) => path.startsWith("/hub/api/"));
  expect(questions).toEqual([`/hub/api/models/${REPOSITORY}/revision/tiny`]);
  expect(hub.log.filter(({ method }) => method === "OPTIONS")).toEqual([]);

  // The next visit asks nothing, wherever the branch is then; an update does, and can be taken back.
  const next = "decade".padEnd(40, "0");
  hub.hub.commit = next;
  const revisions = await kitPage.evaluate(async (options) => {
    const model = window.kit.fastvlm05b({ ...options, acceptLicense: "apple-amlr" });
    const { vlm } = await window.kit.observe({ model });
    const seen = [vlm.model, await vlm.updateModel(model), await vlm.rollBack()];
    await vlm.dispose();
    return seen.map(({ revision }) => revision);
  }, options);
  expect(revisions).toEqual([commit, next, commit]);

  // What was updated is what later visits find, without a hub.
  await hub.close();
  const later = await load();
  expect(later.result.model.revision).toBe(next);
  expect(later.stored.map(({ revision }) => revision).sort()).toEqual([commit, next]);
});

test("a browser that asks for leave to ask for ranges, and is refused, gets whole files", async ({
  kitPage,
}) => {
  await using hub = await startTestServer({
    isolated: true,
    folders: { [`/cdn/${REPOSITORY}/`]: TINY_MODEL_FOLDER },
  });
  hub.hub.cdnOrigin = hub.otherOrigin;
  hub.allowedHeaders = ["Content-Type"];
  const text = await kitPage.evaluate(async (endpoint) => {
    const { createFaultyWorker, fastvlm05b, observe } = window.kit;
    const options = { endpoint, revision: "tiny", imageSize: 256 };
    const { vlm } = await observe({
      model: fastvlm05b({ ...options, acceptLicense: "apple-amlr" }),
      worker: () => createFaultyWorker("preflighted-ranges"),
      download: { retryDelayMs: 10 },
    });
    return (await vlm.caption("/scenes/scene-01.png")).text;
  }, `${hub.origin}/hub`);
  expect(text).not.toBe("");
  expect(hub.log.some(({ method }) => method === "OPTIONS")).toBe(true);
  expect(hub.log.filter(({ method, range }) => method === "GET" && range)).toEqual([]);
});

test("a page may not see how long the hub limits it, and is told when to come back", async ({
  kitPage,
}) => {
  await using hub = await startTestServer({ isolated: true, folders: {} });
  hub.faults.push({
    path: "/hub/",
    kind: "status",
    status: 429,
    headers: { RateLimit: '"api";r=0;t=55' },
  });
  const error = await kitPage.evaluate(
    (endpoint) =>
      window.kit.failureOf(() =>
        window.kit.observe({
          model: window.kit.fastvlm05b({ endpoint, acceptLicense: "apple-amlr" }),
          download: { retries: 1, retryDelayMs: 10 },
        }),
      ),
    `${hub.origin}/hub`,
  );
  expect(error).toMatchObject({
    code: "download-failed",
    details: { reason: "http-status", status: 429, retryAfterSeconds: 300 },
  });
});

test(
  "no request leaves for another origin, and none during inference",
  onlyInChromium(
    "It reads every request of the browser, also of workers, which only Chromium's protocol tells.",
  ),
  async ({ kitPage, server }) => {
    const origins = new Set<string>();
    kitPage.context().on("request", (request) => origins.add(new URL(request.url()).origin));
    const vlm = await kitPage.evaluateHandle(async () => (await window.kit.observe()).vlm);
    const picture = await kitPage.evaluateHandle(() =>
      window.kit.fetchBlob("/scenes/scene-01.png"),
    );
    server.requests.length = 0;
    await vlm.evaluate(async (vlm, picture) => (await vlm.caption(picture)).text, picture);
    expect(server.requests).toEqual([]);
    expect([...origins].filter((origin) => origin !== "null")).toEqual([server.origin]);
  },
);
