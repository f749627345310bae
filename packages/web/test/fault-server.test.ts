import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EXTRA_BYTES } from "./fault-answer.ts";
import { startFaultServer, type FaultServer } from "./fault-server.ts";
import type { Fault } from "./faults.ts";

const BYTES = Uint8Array.from({ length: 1000 }, (_, index) => index % 251);
const ETAG = `"${createHash("sha256").update(BYTES).digest("hex")}"`;

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({ contents: { "/weights.onnx": BYTES } });
});

afterEach(async () => {
  await server.close();
});

function get(headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.origin}/weights.onnx`, { headers, ...init });
}

async function bodyOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer());
}

/** What came before the body ended or failed, and how it ended. */
async function readAll({ body }: Response): Promise<{ bytes: Uint8Array; failed: boolean }> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of body!) chunks.push(chunk);
    return { bytes: Buffer.concat(chunks), failed: false };
  } catch {
    return { bytes: Buffer.concat(chunks), failed: true };
  }
}

function plant(fault: Omit<Fault, "path">): void {
  server.faults.push({ path: "weights", ...fault });
}

describe("an honest server", () => {
  it("sends the whole file, with a strong tag and its length", async () => {
    const response = await get();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      etag: ETAG,
      "content-length": "1000",
      "accept-ranges": "bytes",
      "access-control-allow-origin": "*",
    });
    expect(response.headers.get("access-control-expose-headers")).toMatch(/ETag.*Content-Range/);
    expect(await bodyOf(response)).toEqual(BYTES);
  });

  it.each([
    ["bytes=0-9", 0, 9],
    ["bytes=990-", 990, 999],
    ["bytes=990-5000", 990, 999],
    ["bytes=-10", 990, 999],
    ["bytes=-5000", 0, 999],
  ])("sends %s as bytes %d to %d", async (range, start, end) => {
    const response = await get({ range });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end}/1000`);
    expect(response.headers.get("content-length")).toBe(String(end - start + 1));
    expect(await bodyOf(response)).toEqual(BYTES.slice(start, end + 1));
    expect(server.log.at(-1)).toMatchObject({ range: { start, end }, status: 206 });
  });

  it.each(["bytes=1000-", "bytes=5000-6000", "bytes=-0"])("cannot satisfy %s", async (range) => {
    const response = await get({ range });
    expect(response.status).toBe(416);
    expect(response.headers.get("content-range")).toBe("bytes */1000");
    expect(await bodyOf(response)).toHaveLength(0);
  });

  it.each(["bytes=9-0", "bytes=0-1,5-6", "lines=0-1", "bytes=-", "bytes=a-b"])(
    "ignores %s",
    async (range) => {
      const response = await get({ range });
      expect(response.status).toBe(200);
      expect(await bodyOf(response)).toHaveLength(1000);
    },
  );

  it("sends the rest only if the file is still the same", async () => {
    const range = "bytes=500-";
    expect((await get({ range, "if-range": ETAG })).status).toBe(206);
    expect((await get({ range, "if-range": `W/${ETAG}` })).status).toBe(200);
    server.replace("/weights.onnx", BYTES.slice(1));
    const changed = await get({ range, "if-range": ETAG });
    expect(changed.status).toBe(200);
    expect(changed.headers.get("etag")).not.toBe(ETAG);
    expect(await bodyOf(changed)).toEqual(BYTES.slice(1));
    expect(server.log[0]).toMatchObject({ ifRange: ETAG });
  });

  it("answers HEAD with headers, and OPTIONS with what is allowed", async () => {
    const head = await get({ range: "bytes=0-9" }, { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(head.headers.get("content-length")).toBe("1000");
    const preflight = async () =>
      (await get({}, { method: "OPTIONS" })).headers.get("access-control-allow-headers");
    expect(await preflight()).not.toMatch(/if-range/i);
    server.allowedHeaders.push("If-Range");
    expect(await preflight()).toMatch(/if-range/i);
  });

  it("serves folders, in which no path leads out", async () => {
    const folder = new URL(".", import.meta.url).pathname;
    await using files = await startFaultServer({ folders: { "/here/": folder } });
    const found = await fetch(`${files.origin}/here/fault-server.test.ts`);
    expect(await found.text()).toContain("in which no path leads out");
    expect((await fetch(`${files.origin}/here/%2e%2e%2fpackage.json`)).status).toBe(404);
    expect((await fetch(`${files.origin}/elsewhere`)).status).toBe(404);
  });

  it("writes down every request, and how many there were at once", async () => {
    plant({ kind: "delay", ms: 300 });
    const answers = Promise.all([get(), get(), get({ range: "bytes=0-9" })]);
    await vi.waitUntil(() => server.activeRequests === 3);
    await Promise.all((await answers).map(bodyOf));
    await vi.waitUntil(() => server.activeRequests === 0);
    expect(server.maxActive).toBe(3);
    expect(server.requests).toEqual(Array(3).fill("/weights.onnx"));
    const sent = server.log.map((record) => record.sentBytes).sort((a, b) => a - b);
    expect(sent).toEqual([10, 1000, 1000]);
  });
});

describe("a fault", () => {
  it("strikes as often as it says, then the next one does", async () => {
    plant({ kind: "status", status: 503, retryAfter: 7, times: 2 });
    plant({ kind: "status", status: 429, times: 1 });
    const answers = [await get(), await get(), await get(), await get()];
    expect(answers.map((one) => one.status)).toEqual([503, 503, 429, 200]);
    expect(answers.map((one) => one.headers.get("retry-after"))).toEqual(["7", "7", null, null]);
  });

  it("strikes only from its first byte on", async () => {
    plant({ kind: "status", fromByte: 500 });
    const ranges = ["bytes=0-9", "bytes=499-", "bytes=500-", "bytes=-9"];
    const statuses = [];
    for (const range of ranges) statuses.push((await get({ range })).status);
    expect(statuses).toEqual([206, 206, 500, 500]);
  });

  it("can be a web page in place of the file", async () => {
    plant({ kind: "html" });
    const response = await get();
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html");
  });

  it("can be half a file that nothing gives away", async () => {
    plant({ kind: "truncate" });
    const response = await get();
    expect(response.headers.get("content-length")).toBe("500");
    expect(await bodyOf(response)).toEqual(BYTES.slice(0, 500));
  });

  it("can flip one bit of the file, wherever a range begins", async () => {
    plant({ kind: "corrupt", atByte: 700, times: 2 });
    const damaged = BYTES.slice();
    damaged[700]! ^= 1;
    expect(await bodyOf(await get({ range: "bytes=0-699" }))).toEqual(BYTES.slice(0, 700));
    expect(await bodyOf(await get({ range: "bytes=650-750" }))).toEqual(damaged.slice(650, 751));
    expect(await bodyOf(await get())).toEqual(damaged);
    expect(await bodyOf(await get())).toEqual(BYTES);
    expect(server.contents.get("/weights.onnx")![700]).toBe(BYTES[700]);
  });

  it("flips a bit of every answer where it names no byte", async () => {
    plant({ kind: "corrupt" });
    expect((await bodyOf(await get({ range: "bytes=10-19" })))[0]).toBe(BYTES[10]! ^ 1);
  });

  it("can cut the connection after so many bytes, again and again", async () => {
    plant({ kind: "cut", afterBytes: 300 });
    const first = await readAll(await get());
    expect(first.failed).toBe(true);
    expect(first.bytes).toEqual(Buffer.from(BYTES.slice(0, 300)));
    const second = await readAll(await get({ range: "bytes=300-" }));
    expect(second.bytes).toEqual(Buffer.from(BYTES.slice(300, 600)));
    expect(second.failed).toBe(true);
    expect((await readAll(await get({ range: "bytes=800-" }))).failed).toBe(false);
    expect(server.log.map((record) => record.sentBytes)).toEqual([300, 300, 200]);
  });

  it("can cut it in the middle, or right after the headers", async () => {
    plant({ kind: "cut", times: 1 });
    expect(await readAll(await get())).toMatchObject({ failed: true, bytes: { length: 500 } });
    plant({ kind: "cut", afterBytes: 0 });
    expect(await readAll(await get())).toMatchObject({ failed: true, bytes: { length: 0 } });
  });

  it("can be silence, before the headers or in the body", async () => {
    plant({ kind: "stall", times: 1 });
    const first = new AbortController();
    const silent = expect(get({}, { signal: first.signal })).rejects.toThrow("aborted");
    await vi.waitUntil(() => server.log.length === 1);
    first.abort();
    await silent;
    expect(server.log[0]).toMatchObject({ status: 0, sentBytes: 0 });

    plant({ kind: "stall", afterBytes: 10 });
    const second = new AbortController();
    const response = await get({}, { signal: second.signal });
    expect(response.headers.get("content-length")).toBe("1000");
    const reader = response.body!.getReader();
    expect((await reader.read()).value).toHaveLength(10);
    const rest = expect(reader.read()).rejects.toThrow("aborted");
    second.abort();
    await rest;
    await vi.waitUntil(() => server.activeRequests === 0);
  });

  it("can ignore ranges", async () => {
    plant({ kind: "ignore-range" });
    const response = await get({ range: "bytes=500-" });
    expect(response.status).toBe(200);
    expect(await bodyOf(response)).toEqual(BYTES);
  });

  it("can refuse ranges, whichever they are, and limit with headers", async () => {
    plant({ kind: "refuse-range" });
    expect((await get({ range: "bytes=0-9" })).status).toBe(416);
    expect(await bodyOf(await get())).toEqual(BYTES);
    server.faults.length = 0;
    plant({ kind: "status", status: 429, headers: { RateLimit: '"api";r=0;t=55' } });
    expect((await get()).headers.get("ratelimit")).toBe('"api";r=0;t=55');
  });

  it.each([
    ["bytes=500-599", 499, 598],
    ["bytes=0-99", 1, 100],
    ["bytes=0-", 1, 999],
  ])("can answer %s with bytes %d to %d", async (range, start, end) => {
    plant({ kind: "wrong-range" });
    const response = await get({ range });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${start}-${end}/1000`);
    expect(await bodyOf(response)).toEqual(BYTES.slice(start, end + 1));
  });

  it("can end the body too early, or too late, without an error", async () => {
    const range = "bytes=100-199";
    plant({ kind: "short", times: 1 });
    plant({ kind: "short", afterBytes: 99, times: 1 });
    plant({ kind: "long" });
    for (const length of [50, 99, 100 + EXTRA_BYTES]) {
      const response = await get({ range });
      expect(response.headers.get("content-range")).toBe("bytes 100-199/1000");
      expect(response.headers.has("content-length")).toBe(false);
      expect(await bodyOf(response)).toHaveLength(length);
    }
  });

  it("can pack the file and not tell its length", async () => {
    plant({ kind: "gzip" });
    const response = await get({ range: "bytes=500-" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-encoding")).toBe("gzip");
    expect(response.headers.has("content-length")).toBe(false);
    expect(response.headers.get("etag")).toBe(`W/${ETAG}`);
    expect(await bodyOf(response)).toEqual(BYTES);
  });

  it("can hide headers, wait and dawdle beside another fault", async () => {
    plant({ kind: "hide-headers" });
    plant({ kind: "delay", ms: 150 });
    plant({ kind: "slow", bytesPerSecond: 5000 });
    plant({ kind: "truncate" });
    const begin = performance.now();
    const response = await get();
    expect(performance.now() - begin).toBeGreaterThan(140);
    expect(response.headers.has("access-control-expose-headers")).toBe(false);
    // Half the file in chunks of a twentieth of a second: one at once, one later.
    expect(await bodyOf(response)).toHaveLength(500);
    expect(performance.now() - begin).toBeGreaterThan(180);
  });

  it("leaves other paths alone, and all of them once it is taken out", async () => {
    plant({ kind: "status" });
    server.replace("/other", BYTES);
    expect((await fetch(`${server.origin}/other`)).status).toBe(200);
    expect((await get()).status).toBe(500);
    server.faults.length = 0;
    expect((await get()).status).toBe(200);
  });
});

describe("a server that goes away", () => {
  it("cuts all sockets at once", async () => {
    plant({ kind: "stall", afterBytes: 10 });
    const responses = [await get(), await get({ range: "bytes=500-" })];
    server.cutAll();
    for (const response of responses) expect((await readAll(response)).failed).toBe(true);
    server.faults.length = 0;
    expect((await get()).status).toBe(200);
  });

  it("refuses what comes while it is down", async () => {
    await bodyOf(await get());
    server.isDown = true;
    await expect(get()).rejects.toThrow(TypeError);
    server.isDown = false;
    expect((await get()).status).toBe(200);
    expect(server.log.map((record) => record.status)).toEqual([200, 0, 200]);
  });
});
