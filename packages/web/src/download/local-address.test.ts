import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import { failureOf, hashHex, makeBytes, openModel, PATH } from "../../test/model-download.ts";
import { createMemoryStore } from "../storage/memory-store.ts";

const BYTES = makeBytes(3000);
const DATA = `data:application/octet-stream;base64,${Buffer.from(BYTES).toString("base64")}`;

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({ contents: { [PATH]: BYTES } });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

/** Counts, and does what a policy without `data:` and `blob:` does. */
function refuse() {
  return vi.fn<typeof fetch>(() => Promise.reject(new TypeError("Failed to fetch")));
}

describe("a file in a data: address", () => {
  it.each([
    ["of known size", { bytes: BYTES.length }],
    ["of unknown size", { bytes: 1, isApproximate: true }],
    ["of known hash", { bytes: BYTES.length, sha256: hashHex(BYTES) }],
  ])("%s is read without a request, and stored like any other", async (_, file) => {
    const [fetch, store] = [refuse(), createMemoryStore()];
    const options = { server, store, fetch, file: { ...file, url: DATA } };
    expect(await openModel(options).read()).toEqual(BYTES);
    expect(fetch).not.toHaveBeenCalled();
    const later = openModel({ ...options, isForbidden: true });
    expect(await later.ensure()).toBe(false);
  });

  it("is read where the network is forbidden, or away", async () => {
    const file = { url: DATA };
    expect(await openModel({ server, file, isForbidden: true }).read()).toEqual(BYTES);
    vi.stubGlobal("navigator", { onLine: false });
    expect(await openModel({ server, file }).read()).toEqual(BYTES);
  });

  it("is an error at once where it is malformed, and no error holds the address", async () => {
    const url = `data:application/json;base64,${"A".repeat(5000)}*`;
    const { ensure, seen } = openModel({ server, file: { url } });
    const error = await failureOf(ensure());
    expect(error.details).toEqual({ url: "data:", reason: "address" });
    expect(error.message).toMatch(/^The download of data: could not begin: .*malformed\. .*\.$/);
    expect(seen.retries).toBe(0);
    expect(JSON.stringify([error.message, error.details, error.stack])).not.toContain("AAAAAA");
  });

  it("is held to its hash", async () => {
    const file = { url: DATA, sha256: "a".repeat(64) };
    const error = await failureOf(openModel({ server, file }).ensure());
    expect(error.details).toEqual({
      url: "data:",
      reason: "integrity",
      expectedSha256: "a".repeat(64),
      actualSha256: hashHex(BYTES),
    });
    for (const hash of ["a".repeat(64), hashHex(BYTES)]) expect(error.message).toContain(hash);
  });
});

describe("a file in a blob: address", () => {
  it("is read whole, also where the network is forbidden", async () => {
    const url = URL.createObjectURL(new Blob([BYTES]));
    expect(await openModel({ server, file: { url }, isForbidden: true }).read()).toEqual(BYTES);
    URL.revokeObjectURL(url);
  });

  it("is an error at once where it was revoked or a policy forbids it", async () => {
    const url = URL.createObjectURL(new Blob([BYTES]));
    URL.revokeObjectURL(url);
    for (const fetch of [refuse(), globalThis.fetch]) {
      const { ensure, seen } = openModel({ server, file: { url }, fetch });
      const error = await failureOf(ensure());
      expect(error.details).toEqual({ url: url.replace(/[^:]*$/, "…"), reason: "address" });
      expect(error.message).toContain("connect-src blob:");
      expect(seen.retries).toBe(0);
    }
  });
});
