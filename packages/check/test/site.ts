/** A small app on a local server, deployed well or badly: what each address answers is up to the test. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

export interface SiteFile {
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly isCompressed?: boolean;
  readonly hasRanges?: boolean;
}

export interface Site extends AsyncDisposable {
  readonly url: string;
}

/**
 * @param files by path; `/` is the page
 * @param missing what unknown addresses answer. Default: 404
 */
export async function openSite(
  files: Readonly<Record<string, SiteFile>>,
  missing?: SiteFile,
): Promise<Site> {
  const server = createServer((request, response) => {
    const file = files[new URL(request.url!, "http://site").pathname] ?? missing;
    if (file) answer(file, request, response);
    else response.writeHead(404).end("There is no such file.");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(file: SiteFile, request: IncomingMessage, response: ServerResponse): void {
  const whole = Buffer.from(file.body);
  const headers = { "content-type": file.type, ...file.headers };
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  if (range && file.hasRanges === true) {
    const [first, last] = [Number(range[1]), Math.min(Number(range[2]), whole.length - 1)];
    const place = `bytes ${String(first)}-${String(last)}/${String(whole.length)}`;
    response.writeHead(206, {
      ...headers,
      "content-range": place,
      "content-length": last - first + 1,
    });
    response.end(whole.subarray(first, last + 1));
    return;
  }
  const isCompressed =
    file.isCompressed === true && (request.headers["accept-encoding"] ?? "").includes("gzip");
  const body = isCompressed ? gzipSync(whole) : whole;
  response.writeHead(200, {
    ...headers,
    ...(isCompressed && { "content-encoding": "gzip", vary: "Accept-Encoding" }),
    "content-length": body.length,
  });
  response.end(body);
}

const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; frame-ancestors 'none'";

const SAFE = {
  ...ISOLATION,
  "content-security-policy": POLICY,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
};

const FOR_GOOD = { ...SAFE, "cache-control": "public, max-age=31536000, immutable" };
const ANEW = { ...SAFE, "cache-control": "no-cache" };

const padding = `/*${" padding".repeat(300)}*/`;
const WASM = Buffer.concat([Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]), customSection(3000)]);

/** A section that means nothing, so that the file has some bytes. */
function customSection(length: number): Buffer {
  const size = length + 1;
  return Buffer.concat([Buffer.from([0, (size & 127) | 128, size >> 7, 0]), Buffer.alloc(length)]);
}

const PAGE_SCRIPT = `${padding}
await WebAssembly.compileStreaming(fetch("/assets/engine-1a2b3c4d.wasm"));
await (await fetch("/models/1/model.onnx", { headers: { range: "bytes=0-99" } })).arrayBuffer();
new Worker("/assets/worker-5e6f7a8b.js", { type: "module" });
const check = { status: "pass" };
globalThis.fastvlm = {
  vlm: Promise.resolve({ health: async () => ({ status: "pass", checks: { "model:readiness": [check] } }) }),
  checkSupport: async () => ({ isSupported: true, missing: [] }),
};
await navigator.serviceWorker.register("/service-worker.js");
await navigator.serviceWorker.ready;`;

const SERVICE_WORKER = `${padding}
const files = ["/", "/assets/app-9c8d7e6f.js", "/assets/engine-1a2b3c4d.wasm", "/assets/worker-5e6f7a8b.js"];
oninstall = (event) => event.waitUntil(caches.open("app").then((cache) => cache.addAll(files)));
onactivate = (event) => event.waitUntil(clients.claim());
onfetch = (event) => event.respondWith(
  caches.match(event.request.url).then(async (known) =>
    known ?? (event.request.url.endsWith(".onnx") ? new Response("stored") : fetch(event.request))));`;

const script = (body: string): SiteFile => ({
  type: "text/javascript",
  body,
  headers: FOR_GOOD,
  isCompressed: true,
});

/** An app with which nothing is wrong. */
export const GOOD: Readonly<Record<string, SiteFile>> = {
  "/": {
    type: "text/html; charset=utf-8",
    body: `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>App</title><script type="module" src="/assets/app-9c8d7e6f.js"></script>`,
    headers: { ...ANEW, "content-security-policy": `${POLICY}; img-src data:` },
    isCompressed: true,
  },
  "/assets/app-9c8d7e6f.js": script(PAGE_SCRIPT),
  "/assets/worker-5e6f7a8b.js": script(padding),
  "/assets/engine-1a2b3c4d.wasm": { ...script(""), type: "application/wasm", body: WASM },
  "/models/1/model.onnx": {
    type: "application/octet-stream",
    body: Buffer.alloc(5000, 7),
    headers: { ...FOR_GOOD, etag: '"1"' },
    hasRanges: true,
  },
  "/service-worker.js": { ...script(SERVICE_WORKER), headers: ANEW },
};
