import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import { VlmError } from "../protocol/errors.ts";
import { sealNetwork } from "./seal-network.ts";

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({ contents: { "/a.png": Uint8Array.of(1) } });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

/** A worker's global scope with all that could reach the network, sealed. */
function seal() {
  const waysOut = {
    importScripts: vi.fn(),
    XMLHttpRequest: vi.fn(),
    WebSocket: vi.fn(),
    EventSource: vi.fn(),
    WebTransport: vi.fn(),
    Worker: vi.fn(),
  };
  const scope = { ...waysOut, fetch: globalThis.fetch };
  vi.stubGlobal("self", scope);
  sealNetwork();
  return { scope, waysOut };
}

describe("a sealed worker", () => {
  it("cannot fetch, by whatever kind of address, and says so without the query", async () => {
    const { scope } = seal();
    const url = `${server.origin}/a.png?token=secret#top`;
    for (const input of [url, new URL(url), new Request(url)]) {
      const error: unknown = await scope.fetch(input).catch((reason: unknown) => reason);
      expect(VlmError.is(error, "network-forbidden")).toBe(true);
      expect((error as VlmError<"network-forbidden">).details.url).toBe(`${server.origin}/a.png`);
      expect(JSON.stringify(error)).not.toContain("secret");
    }
    expect(server.requests).toEqual([]);
  });

  it("reads what is in memory already", async () => {
    const { scope } = seal();
    const url = URL.createObjectURL(new Blob(["in memory"]));
    expect(await (await scope.fetch(url)).text()).toBe("in memory");
    expect(await (await scope.fetch(new URL(url))).text()).toBe("in memory");
    expect(await (await scope.fetch("data:text/plain,here")).text()).toBe("here");
  });

  it("has no other way out either", () => {
    const { scope, waysOut } = seal();
    for (const name of Object.keys(waysOut) as (keyof typeof waysOut)[]) {
      const Way = scope[name] as unknown as new (url: string) => unknown;
      expect(() => new Way(`${server.origin}/a.png`)).toThrow(VlmError);
      expect(waysOut[name]).not.toHaveBeenCalled();
    }
  });

  it("gets no ways out that the browser does not have", () => {
    vi.stubGlobal("self", { fetch: globalThis.fetch });
    sealNetwork();
    expect(Object.keys(self)).toEqual(["fetch"]);
  });
});
