/** Real answers of a local server, as they are observed. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { GOOD, openSite, type Site } from "../../test/site.ts";
import { askFile } from "./ask-file.ts";
import { kindOfFile } from "./kind-of-file.ts";

let site: Site;

beforeAll(async () => {
  site = await openSite({
    ...GOOD,
    "/large.onnx": { type: "application/octet-stream", body: Buffer.alloc(50_000_000, 65) },
  });
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
});

it("sees compression, types and the beginning of a file", async () => {
  const found = await askFile(`${site.url}assets/app-9c8d7e6f.js`);
  expect(found).toMatchObject({
    status: 200,
    headers: {
      "content-encoding": "gzip",
      "content-type": "text/javascript",
      vary: "Accept-Encoding",
    },
  });
  expect(found!.beginning).toMatch(/^\/\* padding/);
});

it("asks for a range without compression", async () => {
  const found = await askFile(`${site.url}models/1/model.onnx`, { range: true });
  expect(found).toMatchObject({ status: 206, headers: { "content-range": "bytes 0-15/5000" } });
  expect(found!.beginning).toBe("\u0007".repeat(16));
});

it("reads only the beginning of a large file", async () => {
  const found = await askFile(`${site.url}large.onnx`, { range: true });
  expect(found!.status).toBe(200);
  expect(found!.beginning).toBe("A".repeat(512));
});

it("tells that there is no answer", async () => {
  expect(await askFile("http://127.0.0.1:1/")).toBeUndefined();
});

it.each([
  ["/models/x/onnx/decoder_model_merged_q4.onnx", "fetch", "weights"],
  ["/onnx/decoder.onnx_data_1", "fetch", "weights"],
  ["/model/tokenizer_config.json", "fetch", "model"],
  ["/manifest.json", "manifest", "other"],
  ["/assets/ort.wasm", "fetch", "wasm"],
  ["/assets/vlm.worker.mjs", "other", "script"],
  ["/run", "script", "script"],
  ["/look", "stylesheet", "style"],
])("knows what %s is for", (path, type, kind) => {
  expect(kindOfFile(`https://a.example${path}`, type)).toBe(kind);
});
