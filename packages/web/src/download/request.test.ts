import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import {
  hashHex,
  makeBytes,
  openModel,
  PATH,
  pinnedFile,
  until,
} from "../../test/model-download.ts";
import { requestRange, type RangeRequest } from "./request.ts";

const BYTES = makeBytes(1000);
const ETAG = `"${hashHex(BYTES)}"`;

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({ contents: { [PATH]: BYTES } });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await server.close();
});

function ask(changes: Partial<RangeRequest> = {}, origin = server.origin) {
  return requestRange({
    file: { url: `${origin}${PATH}` },
    range: { first: 10, last: 19 },
    etag: ETAG,
    signal: new AbortController().signal,
    stallTimeoutMs: 5000,
    fetch,
    ...changes,
  });
}

/** As in a page of this origin, or a worker of it. */
function visit(origin: string, href = `${origin}/app/worker.js`): void {
  vi.stubGlobal("location", { origin, href });
}

describe("If-Range", () => {
  it("goes to the same origin, and to no other: there it would cost a preflight", async () => {
    visit(server.origin);
    (await ask()).cancel();
    (await ask({}, server.otherOrigin)).cancel();
    expect(server.log.map(({ ifRange }) => ifRange)).toEqual([ETAG, undefined]);
  });

  it("goes to an address that is relative to the page", async () => {
    visit(server.origin);
    const fetchRelative: typeof fetch = (input, init) =>
      fetch(new URL(input as string, location.href), init);
    (await ask({ file: { url: PATH }, fetch: fetchRelative })).cancel();
    expect(server.log.map(({ ifRange }) => ifRange)).toEqual([ETAG]);
  });

  it.each<[string, Partial<RangeRequest>]>([
    ["a weak name", { etag: `W/${ETAG}` }],
    ["no name", { etag: undefined }],
    ["no range", { range: undefined }],
  ])("is not sent for %s", async (_, changes) => {
    visit(server.origin);
    (await ask(changes)).cancel();
    expect(server.log[0]!.ifRange).toBeUndefined();
  });

  it("is not sent where there is no origin", async () => {
    (await ask()).cancel();
    visit("null", "blob:null/1"); // A worker of a sandboxed frame.
    (await ask()).cancel();
    expect(server.log.map(({ ifRange }) => ifRange)).toEqual([undefined, undefined]);
  });

  it("brings the whole of a file that changed in one answer", async () => {
    visit(server.origin);
    server.replace(PATH, makeBytes(1000, 2));
    const answer = await ask();
    expect(answer).toMatchObject({ isWhole: true, totalBytes: 1000 });
    answer.cancel();
  });

  it("is sent with what goes on after a cut, and only there", async () => {
    visit(server.origin);
    server.faults.push({ path: PATH, kind: "cut", afterBytes: 550, times: 1 });
    const { read } = openModel({ server, file: pinnedFile(BYTES, 100) });
    expect(await read()).toEqual(BYTES);
    expect(server.log.map(({ ifRange }) => ifRange)).toEqual([undefined, ETAG]);
  });
});

describe("a request", () => {
  it("asks for its range, past the HTTP cache, without credentials for other origins", async () => {
    const asked: RequestInit[] = [];
    const fetchNoted: typeof fetch = (input, init) => {
      asked.push(init!);
      return fetch(input, init);
    };
    (await ask({ fetch: fetchNoted })).cancel();
    expect(asked[0]).toMatchObject({
      mode: "cors",
      credentials: "same-origin",
      cache: "no-store",
      headers: { Range: "bytes=10-19" },
    });
  });

  it("calls fetch as the platform wants it to be called: not as a method", async () => {
    const fetchStrict = function (this: unknown, input: RequestInfo | URL, init?: RequestInit) {
      if (this !== undefined) throw new TypeError("Illegal invocation");
      return fetch(input, init);
    } as typeof fetch;
    (await ask({ fetch: fetchStrict })).cancel();
    expect(server.requests).toHaveLength(1);
  });

  it("reads what was asked for, to its end", async () => {
    const answer = await ask();
    expect(answer).toMatchObject({ isWhole: false, totalBytes: 1000, etag: ETAG });
    const chunks: Uint8Array[] = [];
    for (let chunk = await answer.read(); chunk; chunk = await answer.read()) chunks.push(chunk);
    expect(new Uint8Array(Buffer.concat(chunks))).toEqual(BYTES.slice(10, 20));
  });

  it("ends with the signal's own reason, before the answer and in the middle of it", async () => {
    for (const afterBytes of [undefined, 3]) {
      server.faults.length = 0;
      server.faults.push({
        path: PATH,
        kind: "stall",
        ...(afterBytes !== undefined && { afterBytes }),
      });
      const controller = new AbortController();
      const reason = new DOMException("enough", "AbortError");
      setTimeout(() => {
        controller.abort(reason);
      }, 50);
      const reading = (async () => {
        const answer = await ask({ signal: controller.signal });
        for (;;) await answer.read();
      })();
      await expect(reading).rejects.toBe(reason);
      await until(() => server.activeRequests === 0);
    }
  });

  it("that is cancelled ends on the server too", async () => {
    server.faults.push({ path: PATH, kind: "stall", afterBytes: 3 });
    const answer = await ask();
    expect(server.activeRequests).toBe(1);
    answer.cancel();
    await until(() => server.activeRequests === 0);
  });
});
