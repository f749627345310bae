import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import type { Fault } from "../../test/faults.ts";
import {
  failureOf,
  fetchWithHiddenHeaders,
  makeBytes,
  openModel,
  PATH,
  pinnedFile,
  rangesOf,
  storedShards,
} from "../../test/model-download.ts";
import { createMemoryStore } from "../storage/memory-store.ts";

const BYTES = makeBytes(2000);
const PINNED = pinnedFile(BYTES, 100);

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({ contents: { [PATH]: BYTES } });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

function plant(fault: Omit<Fault, "path">): void {
  server.faults.push({ path: PATH, ...fault });
}

describe("a failure that may pass", () => {
  it.each<[string, Omit<Fault, "path">]>([
    ["a 500", { kind: "status", status: 500 }],
    ["a 503 that asks for patience", { kind: "status", status: 503, retryAfter: 0 }],
    ["a 429 that asks for patience", { kind: "status", status: 429, retryAfter: 0 }],
    ["a 408", { kind: "status", status: 408 }],
    ["a connection cut before its first byte", { kind: "cut", afterBytes: 0 }],
    ["a connection cut in a shard", { kind: "cut", afterBytes: 150 }],
    ["a body that ends early", { kind: "short", afterBytes: 150 }],
    ["an empty body", { kind: "short", afterBytes: 0 }],
    ["no answer", { kind: "stall" }],
    ["an answer that stops", { kind: "stall", afterBytes: 150 }],
  ])("is tried again: %s", async (_, fault) => {
    plant({ ...fault, times: 2 });
    const stallTimeoutMs = fault.kind === "stall" ? 300 : 10_000;
    const policy = { stallTimeoutMs, retries: 4 };
    const { read, seen } = openModel({ server, file: PINNED, policy });
    expect(await read()).toEqual(BYTES);
    expect(seen.retries).toBeGreaterThanOrEqual(2); // More on a machine that stalls itself.
    expect(seen.progress.some(({ state }) => state === "retrying")).toBe(true);
  });

  it("is given up after its retries, with a typed error, and what arrived stays", async () => {
    plant({ kind: "status", status: 503, fromByte: 1600 });
    const store = createMemoryStore();
    const { ensure } = openModel({ server, file: PINNED, store, policy: { parallel: 1 } });
    const error = await failureOf(ensure());
    expect(error.details).toEqual({
      url: `${server.origin}${PATH}`,
      reason: "http-status",
      status: 503,
    });
    expect(rangesOf(server)).toEqual(["0-1599", "1600-1999", "1600-1999", "1600-1999"]);
    expect(await storedShards(store)).toHaveLength(16);
    server.faults.length = 0;
    expect(await openModel({ server, file: PINNED, store }).read()).toEqual(BYTES);
    expect(rangesOf(server).slice(4)).toEqual(["1600-1999"]);
  });

  it.each([
    ["in seconds", (second: number) => String((second - Date.now()) / 1000)],
    ["until a date", (second: number) => new Date(second).toUTCString()],
  ])("is waited out as long as the server asks, %s", async (_, toHeader) => {
    await new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000)));
    const from = Math.floor(Date.now() / 1000) * 1000 + 2000;
    const retryAfter = toHeader(from).replace(/\..*/, "");
    plant({ kind: "status", status: 429, retryAfter, times: 1 });
    expect(await openModel({ server, file: PINNED }).read()).toEqual(BYTES);
    expect(Date.now()).toBeGreaterThanOrEqual(from - 1000);
    expect(server.requests).toHaveLength(3);
  });

  it.each<[string, Omit<Fault, "path">, number]>([
    ["503 and Retry-After", { kind: "status", status: 503, retryAfter: 301 }, 301],
    ["RateLimit", { kind: "status", status: 429, headers: { RateLimit: '"api";r=0;t=400' } }, 400],
  ])("is not waited for beyond five minutes, after %s", async (_, fault, retryAfterSeconds) => {
    plant(fault);
    const error = await failureOf(openModel({ server, file: PINNED }).read());
    expect(error.details).toMatchObject({ status: fault.status, retryAfterSeconds });
    expect(error.message).toContain(`try again in ${retryAfterSeconds} seconds`);
    expect(server.requests).toHaveLength(1);
  });

  it("is waited out as long as a rate limit lasts", async () => {
    plant({ kind: "status", status: 429, headers: { RateLimit: '"api";r=0;t=2' }, times: 1 });
    const startedAt = performance.now();
    expect(await openModel({ server, file: PINNED }).read()).toEqual(BYTES);
    expect(performance.now() - startedAt).toBeGreaterThan(1990);
  });

  it("says when to come back where a rate limit hides how long it lasts", async () => {
    const headers = { RateLimit: '"api";r=0;t=120' };
    plant({ kind: "status", status: 429, headers });
    const hidden = { server, file: PINNED, fetch: fetchWithHiddenHeaders };
    const error = await failureOf(openModel(hidden).read());
    expect(error.details).toMatchObject({ status: 429, retryAfterSeconds: 300 });
    expect(error.message).toContain("try again in 5 minutes");
  });

  it.each([401, 403])("is none where the server wants to know who asks: %d", async (status) => {
    plant({ kind: "status", status });
    const error = await failureOf(openModel({ server, file: PINNED }).read());
    expect(error.details).toMatchObject({ reason: "http-status", status });
    expect(error.message).toMatch(/HTTP 40[13]\. The kit sends no token: [^.]+\.$/);
    expect(server.requests).toHaveLength(1);
  });

  it("counts anew after every shard that arrived", async () => {
    for (let at = 0; at < 20; at++) plant({ kind: "cut", afterBytes: 120, times: 1 });
    const { read, seen } = openModel({ server, file: PINNED, policy: { retries: 1 } });
    expect(await read()).toEqual(BYTES);
    expect(seen.retries).toBeGreaterThan(10);
  });

  it("is given up at once where no retries are wanted", async () => {
    plant({ kind: "cut", afterBytes: 120 });
    const { read } = openModel({ server, file: PINNED, policy: { retries: 0, parallel: 1 } });
    expect((await failureOf(read())).details.reason).toBe("network");
    expect(server.requests).toHaveLength(1);
  });

  it("in one lane never makes another declare the file whole", async () => {
    const bytes = makeBytes(1000); // One request: the other lanes have nothing to do but the end.
    server.replace(PATH, bytes);
    plant({ kind: "cut", afterBytes: 120 });
    for (const parallel of [1, 2, 3, 4]) {
      const store = createMemoryStore();
      const policy = { retries: 0, parallel };
      const { ensure } = openModel({ server, store, file: pinnedFile(bytes, 100), policy });
      await failureOf(ensure());
      expect((await store.keys()).filter((key) => key.startsWith("file|"))).toEqual([]);
    }
  });

  it("of no server at all says that it was the network, and why", async () => {
    const { read } = openModel({ server, file: PINNED });
    await server.close();
    const error = await failureOf(read());
    expect(error.details.reason).toBe("network");
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it("says that there is no network where there is none, without a request", async () => {
    vi.stubGlobal("navigator", { onLine: false });
    const error = await failureOf(openModel({ server, file: PINNED }).read());
    expect(error.details.reason).toBe("offline");
    expect(server.requests).toEqual([]);
  });

  it("goes on as soon as there is a network again", async () => {
    const navigator = { onLine: true };
    vi.stubGlobal("navigator", navigator);
    const events = new EventTarget();
    vi.stubGlobal("addEventListener", events.addEventListener.bind(events));
    server.isDown = true;
    const { read, seen } = openModel({ server, file: PINNED, report: { onRetry: lose } });
    function lose(): void {
      navigator.onLine = false;
      setTimeout(() => {
        navigator.onLine = true;
        server.isDown = false;
        events.dispatchEvent(new Event("online"));
      }, 50);
    }
    expect(await read()).toEqual(BYTES);
    expect(seen.progress.at(-1)).toMatchObject({ loadedBytes: 2000 });
  });
});

describe("a failure that will not pass", () => {
  it.each([400, 401, 403, 404, 410, 451])("is not tried again: HTTP %d", async (status) => {
    plant({ kind: "status", status });
    const error = await failureOf(openModel({ server, file: PINNED }).read());
    expect(error.details).toMatchObject({ reason: "http-status", status });
    expect(server.requests).toHaveLength(1);
  });

  it("is a web page in place of weights", async () => {
    plant({ kind: "html" });
    const error = await failureOf(openModel({ server, file: PINNED }).read());
    expect(error.details.reason).toBe("content-type");
    expect(server.requests).toHaveLength(1);
  });

  it("is another range than was asked for", async () => {
    plant({ kind: "wrong-range" });
    const error = await failureOf(
      openModel({ server, file: PINNED, policy: { parallel: 1 } }).read(),
    );
    expect(error.details.reason).toBe("length");
    expect(server.requests).toHaveLength(1);
  });

  it("is another range whose place is hidden, found by its hash", async () => {
    plant({ kind: "wrong-range" });
    const store = createMemoryStore();
    const fetch = fetchWithHiddenHeaders;
    const { read } = openModel({ server, store, file: PINNED, fetch, policy: { parallel: 1 } });
    expect((await failureOf(read())).details.reason).toBe("integrity");
    expect(server.requests).toHaveLength(2);
    expect(await storedShards(store)).toEqual([]);
  });

  it.each([1999, 2001])("is a file of other than its %d bytes", async (bytes) => {
    const error = await failureOf(openModel({ server, file: { bytes } }).read());
    expect(error.details.reason).toBe("length");
    expect(server.requests.length).toBeLessThanOrEqual(2);
  });

  it("says nowhere what the address's query holds", async () => {
    plant({ kind: "status", status: 403 });
    const error = await failureOf(openModel({ server, file: PINNED }).read());
    expect(server.log[0]?.query).toBe("?token=secret");
    expect(error.details.url).toBe(`${server.origin}${PATH}`);
    expect(error.message).toContain("weights.onnx was answered with HTTP 403");
    expect(JSON.stringify([error.message, error.details])).not.toMatch(/secret|top/);
  });
});

describe("what does not matter", () => {
  it("is a body that is too long", async () => {
    plant({ kind: "long" });
    expect(await openModel({ server, file: PINNED }).read()).toEqual(BYTES);
  });

  it("is a slow answer, as long as it brings something", async () => {
    plant({ kind: "slow", bytesPerSecond: 500 });
    const { read, seen } = openModel({ server, file: PINNED, policy: { stallTimeoutMs: 3000 } });
    expect(await read()).toEqual(BYTES);
    expect(seen.retries).toBe(0);
  });
});

/** As a browser that asks for leave before it asks for a range, and is refused. */
function refusingRanges(times = Infinity): { fetch: typeof fetch; asked: (string | null)[] } {
  const asked: (string | null)[] = [];
  return {
    asked,
    fetch: (input, init) => {
      const range = new Headers(init?.headers).get("range");
      asked.push(range);
      const isRefused = range !== null && asked.length <= times;
      return isRefused ? Promise.reject(new TypeError("Failed to fetch")) : fetch(input, init);
    },
  };
}

describe("a host or a browser that refuses ranges", () => {
  it.each([
    ["of known size", PINNED],
    ["of unknown size", { bytes: 1, isApproximate: true }],
  ])("is asked for the whole of a file %s after two failures", async (_, file) => {
    const { fetch, asked } = refusingRanges();
    const { read } = openModel({ server, file, fetch });
    expect(await read()).toEqual(BYTES);
    expect(asked.slice(0, 2)).not.toContain(null);
    expect(new Set(asked.slice(2))).toEqual(new Set([null]));
  });

  it("may be asked for ranges again when there was no network for the whole either", async () => {
    const { fetch, asked } = refusingRanges(3);
    const offline: typeof fetch = (input, init) =>
      asked.length < 3 ? fetch("http://localhost:1/", init) : fetch(input, init);
    const { read } = openModel({ server, file: PINNED, fetch: offline, policy: { retries: 4 } });
    expect(await read()).toEqual(BYTES);
    expect(asked.slice(0, 4).map((range) => range !== null)).toEqual([true, true, false, true]);
  });

  it("is not asked for the whole once it has served ranges", async () => {
    const store = createMemoryStore();
    plant({ kind: "cut", afterBytes: 0, fromByte: 1600 });
    const options = { server, file: PINNED, store, policy: { parallel: 1, retries: 4 } };
    await failureOf(openModel(options).ensure());
    expect(rangesOf(server)).not.toContain("whole");
    expect(new Set(rangesOf(server))).toEqual(new Set(["0-1599", "1600-1999"]));
  });

  it("may say so by a 416 for every range", async () => {
    plant({ kind: "refuse-range" });
    expect(await openModel({ server, file: PINNED }).read()).toEqual(BYTES);
    expect(server.log.map(({ status }) => status)).toEqual([416, 200]);
  });
});
