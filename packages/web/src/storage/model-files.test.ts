import { createHash } from "node:crypto";
import type { RequestListener, ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startFileServer, type FileServer } from "../../test/file-server.ts";
import { createObservedStore } from "../../test/stores.ts";
import { fastvlm05b } from "../models/fastvlm-05b.ts";
import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor, ModelFile } from "../protocol/model-descriptor.ts";
import { createMemoryStore } from "./memory-store.ts";
import { createModelFiles } from "./model-files.ts";
import { createResilientStore } from "./resilient-store.ts";
import type { Store } from "./store.ts";

const MIB = 2 ** 20;
const WEIGHTS = new Uint8Array(9 * MIB + 5).map((_, index) => (index * 7) % 251);

let server: FileServer | undefined;

afterEach(async () => {
  vi.unstubAllGlobals();
  await server?.[Symbol.asyncDispose]();
  server = undefined;
});

interface OpenOptions {
  readonly file?: Partial<ModelFile>;
  readonly store?: Store;
  readonly signal?: AbortSignal;
  readonly revision?: string;
}

/** A model of one file, `weights`, at the server. */
function open({
  file = {},
  store = createMemoryStore(),
  signal,
  revision = "1",
}: OpenOptions = {}) {
  const model: ModelDescriptor = {
    ...fastvlm05b(),
    id: "test",
    revision,
    files: { weights: { url: `${server!.url}/weights.onnx?token=secret#top`, bytes: 4, ...file } },
  };
  const seen = { hits: 0, misses: 0, downloaded: 0, bytes: [] as [number, number, boolean][] };
  const files = createModelFiles({
    model,
    store,
    signal: signal ?? new AbortController().signal,
    onBytes: (_, loaded, total, isCached) => seen.bytes.push([loaded, total, isCached]),
    onCacheHit: () => seen.hits++,
    onCacheMiss: () => seen.misses++,
    onDownloaded: (_, bytes) => (seen.downloaded += bytes),
  });
  return { read: () => files.read("weights"), files, seen };
}

async function serve(answer: RequestListener): Promise<void> {
  server = await startFileServer(answer);
}

function serveBytes(bytes: Uint8Array): Promise<void> {
  return serve((_, response) => {
    response.setHeader("content-length", bytes.length);
    response.end(bytes);
  });
}

/** The error of a read that must fail, as the kit reports it. */
async function failureOf(read: Promise<unknown>): Promise<VlmError<"download-failed">> {
  const error: unknown = await read.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!VlmError.is(error, "download-failed")) throw new Error("Expected a failed download");
  return error;
}

const DATA = Uint8Array.of(1, 2, 3, 4);

describe("a model's file", () => {
  it("is fetched once and read from the store after that", async () => {
    await serveBytes(DATA);
    const store = createMemoryStore();
    const first = open({ store });
    expect(await first.read()).toEqual(DATA);
    expect(first.seen).toEqual({ hits: 0, misses: 1, downloaded: 4, bytes: [[4, 4, false]] });

    const second = open({ store });
    expect(await second.read()).toEqual(DATA);
    expect(second.seen).toEqual({ hits: 1, misses: 0, downloaded: 0, bytes: [[4, 4, true]] });
    expect(server!.requests).toHaveLength(1);
  });

  it("is stored in chunks of 4 MiB, its record last, and read back whole", async () => {
    await serveBytes(WEIGHTS);
    const store = createObservedStore();
    const file = { bytes: WEIGHTS.length };
    await open({ store, file }).read();
    expect(store.requests.filter((request) => request.startsWith("set"))).toEqual([
      "set test@1/weights#0",
      "set test@1/weights#1",
      "set test@1/weights#2",
      "set test@1/weights#record",
    ]);
    expect(((await store.get("test@1/weights#0")) as Uint8Array).length).toBe(4 * MIB);
    expect(Buffer.compare(await open({ store, file }).read(), WEIGHTS)).toBe(0);
    expect(server!.requests).toHaveLength(1);
  });

  it.each<[string, (store: Store) => Promise<void>]>([
    ["a chunk is gone", (store) => store.delete(["test@1/weights#1"])],
    ["a chunk is shorter", (store) => store.set("test@1/weights#2", new Uint8Array(3))],
    ["a chunk is longer", (store) => store.set("test@1/weights#2", new Uint8Array(MIB + 6))],
    ["its record is gone", (store) => store.delete(["test@1/weights#record"])],
  ])("is fetched again, and kept, when %s", async (_, damage) => {
    await serveBytes(WEIGHTS);
    const store = createMemoryStore();
    const file = { bytes: WEIGHTS.length };
    await open({ store, file }).read();
    await damage(store);
    for (const hits of [0, 1]) {
      const { read, seen } = open({ store, file });
      expect(Buffer.compare(await read(), WEIGHTS)).toBe(0);
      expect(seen.hits).toBe(hits);
    }
    expect(server!.requests).toHaveLength(2);
  });

  it("is fetched again when the descriptor promises other bytes than are stored", async () => {
    await serveBytes(DATA);
    const store = createMemoryStore();
    await open({ store }).read();
    const sha256 = createHash("sha256").update(DATA).digest("hex");
    await open({ store, file: { sha256 } }).read();
    await open({ store, file: { sha256 } }).read();
    expect(server!.requests).toHaveLength(2);
  });

  it("is kept apart from the same file of another revision", async () => {
    await serveBytes(DATA);
    const store = createMemoryStore();
    await open({ store, revision: "1" }).read();
    await open({ store, revision: "2" }).read();
    await open({ store, revision: "1" }).read();
    expect(server!.requests).toHaveLength(2);
  });

  it("arrives although the store runs full half-way, and is not half remembered", async () => {
    await serveBytes(WEIGHTS);
    const inner = createObservedStore();
    const full: Store = {
      ...inner,
      set: (key, value) =>
        key.endsWith("#1")
          ? Promise.reject(new DOMException("full", "QuotaExceededError"))
          : inner.set(key, value),
    };
    const onDegraded = vi.fn();
    const store = createResilientStore(full, onDegraded);
    const file = { bytes: WEIGHTS.length };
    expect((await open({ store, file }).read()).length).toBe(WEIGHTS.length);
    expect((await open({ store, file }).read()).length).toBe(WEIGHTS.length);
    expect((await open({ store: inner, file }).read()).length).toBe(WEIGHTS.length);
    expect(onDegraded).toHaveBeenCalledTimes(1);
  });

  it("is not taken for the older one whose place it took half-way", async () => {
    await serveBytes(DATA);
    const store = createMemoryStore();
    await open({ store }).read();
    const full: Store = { ...store, set: () => Promise.reject(new Error("full")) };
    const sha256 = createHash("sha256").update(DATA).digest("hex");
    await expect(open({ store: full, file: { sha256 } }).read()).rejects.toThrow("full");
    const { read, seen } = open({ store });
    await read();
    expect(seen).toMatchObject({ hits: 0, misses: 1 });
  });

  it("may be empty", async () => {
    await serveBytes(new Uint8Array());
    const store = createMemoryStore();
    const file = { bytes: 0 };
    expect(await open({ store, file }).read()).toEqual(new Uint8Array());
    expect((await open({ store, file }).read()).length).toBe(0);
    expect(server!.requests).toHaveLength(1);
  });

  it("must be in the descriptor", async () => {
    await serveBytes(DATA);
    await expect(open().files.read("other")).rejects.toMatchObject({
      code: "model-invalid",
      details: { file: "other" },
    });
  });
});

describe("a download", () => {
  it.each([404, 500])("fails with HTTP %d", async (status) => {
    await serve((_, response) => {
      response.writeHead(status).end("nope");
    });
    expect((await failureOf(open().read())).details).toMatchObject({
      reason: "http-status",
      status,
    });
  });

  it("takes a web page in place of weights for a failure", async () => {
    await serve((_, response) => {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<p>404");
    });
    expect((await failureOf(open({ file: { bytes: 6 } }).read())).details.reason).toBe(
      "content-type",
    );
  });

  it("fails without a server, and says why", async () => {
    await serveBytes(DATA);
    const { read } = open();
    await server![Symbol.asyncDispose]();
    const error = await failureOf(read());
    expect(error.details.reason).toBe("network");
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it("fails when the connection is cut, and keeps nothing", async () => {
    await serve((_, response) => {
      response.setHeader("content-length", 100);
      response.write(DATA, () => response.destroy());
    });
    const store = createMemoryStore();
    const error = await failureOf(open({ store, file: { bytes: 100 } }).read());
    expect(error.details.reason).toBe("network");
    expect(await store.keys()).toEqual([]);
  });

  it.each([3, 5])(
    "fails when the descriptor's exact length is %d and 4 bytes come",
    async (bytes) => {
      await serveBytes(DATA);
      const error = await failureOf(open({ file: { bytes } }).read());
      expect(error.details.reason).toBe("length");
      expect(error.message).toContain(`brought 4 bytes instead of ${String(bytes)}`);
    },
  );

  it.each([1, 1000])(
    "takes the server's length where the descriptor's %d is a guess",
    async (bytes) => {
      await serveBytes(DATA);
      const { read, seen } = open({ file: { bytes, isApproximate: true } });
      expect(await read()).toEqual(DATA);
      expect(seen.bytes).toEqual([[4, 4, false]]);
    },
  );

  it.each([1, 1000])("takes what comes where a guess of %d is all there is", async (bytes) => {
    await serve((_, response) => {
      response.write(DATA.subarray(0, 2));
      setTimeout(() => response.end(DATA.subarray(2)), 20);
    });
    const { read, seen } = open({ file: { bytes, isApproximate: true } });
    expect(await read()).toEqual(DATA);
    expect(seen.bytes.at(-1)).toEqual([4, Math.max(bytes, 4), false]);
  });

  it("fails when less comes than a same-origin server announced", async () => {
    await serveBytes(DATA);
    const { fetch } = globalThis;
    // A proxy that ends the body early without an error, as some do on HTTP/1.0.
    vi.stubGlobal("fetch", async (url: string) => {
      const { headers } = await fetch(url);
      return new Response(DATA.subarray(1), { headers });
    });
    const error = await failureOf(open({ file: { isApproximate: true } }).read());
    expect(error.details.reason).toBe("length");
  });

  const serveGzip = (): Promise<void> =>
    serve((_, response) => {
      const packed = gzipSync(WEIGHTS.subarray(0, MIB));
      response
        .writeHead(200, { "content-encoding": "gzip", "content-length": packed.length })
        .end(packed);
    });

  it.each([true, false])(
    "unpacks a compressed answer (guessed length: %s)",
    async (isApproximate) => {
      await serveGzip();
      const { read } = open({ file: { bytes: MIB, isApproximate } });
      expect(Buffer.compare(await read(), WEIGHTS.subarray(0, MIB))).toBe(0);
    },
  );

  it.each([true, false])(
    "unpacks one whose encoding CORS hides (guessed length: %s)",
    async (isApproximate) => {
      await serveGzip();
      const { fetch } = globalThis;
      vi.stubGlobal("fetch", async (url: string) => {
        const response = await fetch(url);
        const headers = new Headers(response.headers);
        headers.delete("content-encoding"); // not among the headers that CORS shows; content-length is
        return new Response(response.body, { headers });
      });
      const { read } = open({ file: { bytes: MIB, isApproximate } });
      expect(Buffer.compare(await read(), WEIGHTS.subarray(0, MIB))).toBe(0);
    },
  );

  it("unpacks an answer that is shorter than its packed form", async () => {
    await serve((_, response) => {
      const packed = gzipSync(DATA);
      response
        .writeHead(200, { "content-encoding": "gzip", "content-length": packed.length })
        .end(packed);
    });
    expect(await open({ file: { isApproximate: true } }).read()).toEqual(DATA);
  });

  it("is checked against the descriptor's hash", async () => {
    await serveBytes(DATA);
    const store = createMemoryStore();
    const sha256 = createHash("sha256").update("other").digest("hex");
    const error = await failureOf(open({ store, file: { sha256 } }).read());
    expect(error.details.reason).toBe("integrity");
    expect(await store.keys()).toEqual([]);
  });

  it("ends with the signal's own reason, before the answer and in the middle of it", async () => {
    const answers: ServerResponse[] = [];
    await serve((_, response) => {
      answers.push(response);
      if (answers.length === 2) response.write(DATA);
    });
    const reason = new DOMException("enough", "AbortError");

    const before = new AbortController();
    const unanswered = open({ signal: before.signal }).read();
    await vi.waitUntil(() => answers.length === 1);
    before.abort(reason);
    await expect(unanswered).rejects.toBe(reason);

    const during = new AbortController();
    const begun = open({ signal: during.signal, file: { bytes: 100 } });
    const half = begun.read();
    await vi.waitUntil(() => begun.seen.bytes.length === 1);
    during.abort(reason);
    await expect(half).rejects.toBe(reason);
  });

  it("says nowhere what the address's query holds", async () => {
    await serve((_, response) => {
      response.writeHead(403).end();
    });
    const error = await failureOf(open().read());
    expect(server!.requests).toEqual(["/weights.onnx?token=secret"]);
    expect(error.details.url).toBe(`${server!.url}/weights.onnx`);
    expect(error.message).toContain("weights.onnx was answered with HTTP 403");
    expect(JSON.stringify([error.message, error.details])).not.toMatch(/secret|top/);
  });
});
