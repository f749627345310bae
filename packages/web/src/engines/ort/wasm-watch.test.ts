import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startFaultServer, type FaultServer } from "../../../test/fault-server.ts";
import { watchWasm, type WasmWatch } from "./wasm-watch.ts";

let server: FaultServer;
let watch: WasmWatch;
const seen: string[] = [];

beforeEach(async () => {
  server = await startFaultServer();
  server.contents.set("/ort.wasm", new Uint8Array(300_000));
  server.contents.set("/ort.mjs", new Uint8Array(10));
  seen.length = 0;
  watch = watchWasm({
    onProgress: (url) => seen.push(new URL(url).pathname),
    onArrived: () => seen.push("arrived"),
  });
});

afterEach(async () => {
  watch.end();
  await server.close();
});

const fetchBytes = async (path: string) =>
  (await (await fetch(`${server.origin}${path}`)).arrayBuffer()).byteLength;

describe("watchWasm", () => {
  it("tells of the request, of the first bytes, and of the end, and takes nothing from the reader", async () => {
    expect(await fetchBytes("/ort.wasm")).toBe(300_000);
    await vi.waitFor(() => {
      expect(seen.at(-1)).toBe("arrived");
    });
    expect(seen.slice(0, 2)).toEqual(["/ort.wasm", "/ort.wasm"]);
    expect(watch.seen).toMatchObject({ status: 200, isPage: false });
  });

  it("tells that a slow file goes on arriving", async () => {
    server.faults.push({ path: "ort.wasm", kind: "slow", bytesPerSecond: 150_000 });
    expect(await fetchBytes("/ort.wasm")).toBe(300_000);
    await vi.waitFor(() => {
      expect(seen.at(-1)).toBe("arrived");
    });
    // The request, the first bytes, and at least twice in two seconds.
    expect(seen.length).toBeGreaterThanOrEqual(5);
  });

  it("tells nothing more of a file that stands still", async () => {
    server.faults.push({ path: "ort.wasm", kind: "stall", afterBytes: 1000 });
    const controller = new AbortController();
    const waiting = fetch(`${server.origin}/ort.wasm`, { signal: controller.signal });
    await vi.waitFor(() => {
      expect(seen).toEqual(["/ort.wasm", "/ort.wasm"]);
    });
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(seen).toEqual(["/ort.wasm", "/ort.wasm"]);
    controller.abort();
    await (await waiting).arrayBuffer().catch(() => undefined);
    expect(seen).not.toContain("arrived");
  });

  it("tells of the glue code too, whose end is not the end", async () => {
    expect(await fetchBytes("/ort.mjs")).toBe(10);
    expect(seen).toEqual(["/ort.mjs", "/ort.mjs"]);
    expect(watch.seen).toBeUndefined();
  });
});
