import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { VlmError } from "../protocol/errors.ts";
import { pinModel, type PinModelOptions } from "./pin-model.ts";

const REPOSITORY = "onnx-community/FastVLM-0.5B-ONNX";
const CDN = `/cdn/${REPOSITORY}`;
const COMMIT = "c0ffee".padEnd(40, "0");

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Every file of the public repository, in small; ONNX files are in Large File Storage all the same. */
const CONTENTS = new Map(
  Object.keys(fastvlm05b().files).map((path, index) => [
    path,
    path === "tokenizer.json" ? Buffer.alloc(1_000_001, 7) : Buffer.from(`content ${index}`),
  ]),
);

let server: FaultServer;

beforeEach(async () => {
  const contents = [...CONTENTS].map(([path, bytes]) => [`${CDN}/${path}`, bytes]);
  server = await startFaultServer({ contents: Object.fromEntries(contents) as never });
  server.hub.commit = COMMIT;
  server.contents.set(`${CDN}/README.md`, Buffer.from("# Not asked for"));
});

afterEach(async () => {
  await server.close();
});

const pin = (options?: PinModelOptions, revision?: string): ReturnType<typeof pinModel> =>
  pinModel(REPOSITORY, revision, { endpoint: `${server.origin}/hub`, ...options });

async function failure(promise: Promise<unknown>): Promise<VlmError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!VlmError.is(error)) throw new Error("Expected a VlmError", { cause: error });
  return error;
}

/** The real server's answers, those to paths with `part` in them changed on the way. */
const changing =
  (part: string, change: (value: never, response: Response) => unknown): typeof fetch =>
  async (url, init) => {
    const response = await fetch(url, init);
    if (!(url as string).includes(part)) return response;
    const changed = change((await response.json()) as never, response);
    return new Response(JSON.stringify(changed), { headers: response.headers });
  };

describe("pinModel", () => {
  it("writes down commit, sizes and hashes of all files that fastvlm05b lists", async () => {
    const pins = await pin();
    expect(pins).toEqual({
      repository: REPOSITORY,
      revision: COMMIT,
      files: Object.fromEntries(
        [...CONTENTS].map(([path, bytes]) => [
          path,
          { bytes: bytes.length, sha256: sha256(bytes) },
        ]),
      ),
    });
    expect(fastvlm05b({ pins }).files["tokenizer.json"]).toMatchObject({
      bytes: 1_000_001,
      sha256: sha256(CONTENTS.get("tokenizer.json")!),
    });
  });

  it("fetches small files at the commit, and no weights", async () => {
    await pin();
    expect(server.requests).toEqual([
      `/hub/api/models/${REPOSITORY}/revision/main`,
      `/hub/api/models/${REPOSITORY}/tree/${COMMIT}`,
      `/hub/${REPOSITORY}/resolve/${COMMIT}/config.json`,
      `${CDN}/config.json`,
      `/hub/${REPOSITORY}/resolve/${COMMIT}/tokenizer_config.json`,
      `${CDN}/tokenizer_config.json`,
    ]);
  });

  it("writes the same text whatever the order of the question", async () => {
    const files = [...CONTENTS.keys()];
    const pins = JSON.stringify(await pin({ files }));
    server.requests.length = 0;
    expect(JSON.stringify(await pin({ files: [...files.reverse(), "config.json"] }))).toBe(pins);
    expect(server.requests.filter((path) => path === `${CDN}/config.json`)).toHaveLength(1);
    expect(Object.keys((JSON.parse(pins) as { files: object }).files)).toEqual(files.sort());
  });

  it("asks for a commit, and for files of its own choice", async () => {
    const commit = "b".repeat(40);
    const options = { files: ["README.md"], endpoint: `${server.origin}/hub//` };
    expect(await pin(options, commit)).toEqual({
      repository: REPOSITORY,
      revision: commit,
      files: { "README.md": { bytes: 15, sha256: sha256(Buffer.from("# Not asked for")) } },
    });
  });

  it("asks for a branch whose name has a slash in one part of the address", async () => {
    const fetch: typeof globalThis.fetch = (url) => Promise.reject(new Error(url as string));
    const { cause } = await failure(pin({ fetch }, "refs/pr/1"));
    expect((cause as Error).message).toBe(
      `${server.origin}/hub/api/models/${REPOSITORY}/revision/refs%2Fpr%2F1`,
    );
  });

  it("follows a list of many pages", async () => {
    const pins = await pin();
    server.hub.pageSize = 3;
    server.requests.length = 0;
    expect(await pin()).toEqual(pins);
    expect(server.requests.filter((path) => path.includes("/tree/"))).toHaveLength(4);
  });

  it("stays with its host, wherever the next page is said to be", async () => {
    server.hub.pageSize = 6;
    const asked: string[] = [];
    const elsewhere: typeof fetch = async (url, init) => {
      asked.push(new URL(url as string).host);
      const response = await fetch(url, init);
      const headers = new Headers(response.headers);
      const link = headers.get("link");
      if (link) headers.set("link", link.replace(/<[^?]*/, "<http://elsewhere.example/api/other"));
      return new Response(response.body, { headers });
    };
    expect(Object.keys((await pin({ fetch: elsewhere })).files)).toHaveLength(CONTENTS.size);
    expect(new Set(asked)).toEqual(new Set([new URL(server.origin).host]));
  });

  it("does not follow a list without an end", async () => {
    const endless: typeof fetch = async (url, init) => {
      const { body } = await fetch(url, init);
      return new Response(body, { headers: { link: '<?recursive=true>; rel="next"' } });
    };
    const error = await failure(pin({ fetch: endless, files: ["nothing.onnx"] }));
    expect(error.details).toEqual({ file: REPOSITORY, reason: "its list of files does not end" });
    expect(server.requests.length).toBeLessThan(30);
  });
});

describe("a hub that cannot be asked", () => {
  it.each([
    [{ kind: "status", status: 401 }, { reason: "http-status", status: 401 }, "adds a token"],
    [{ kind: "status", status: 503 }, { reason: "http-status", status: 503 }, "then try again"],
    [{ kind: "html" }, { reason: "content-type" }, "asks to sign in"],
    [{ kind: "cut" }, { reason: "network" }, "then try again"],
  ] as const)("is named after %j, with advice", async (fault, details, advice) => {
    for (const part of ["revision", "tree"]) {
      server.faults.length = 0;
      server.faults.push({ path: `/${part}/`, ...fault });
      const url = `${server.origin}/…/…`; // Parts of a path may be keys.
      const error = await failure(pin());
      expect(error).toMatchObject({ code: "download-failed", details: { url, ...details } });
      expect(error.message).toContain(advice);
    }
  });

  it("may be down", async () => {
    server.isDown = true;
    const error = await failure(pin());
    expect(error).toMatchObject({ code: "download-failed", details: { reason: "network" } });
    expect(error.cause).toBeInstanceOf(TypeError);
  });

  it("is left as soon as the signal aborts", async () => {
    const reason = new Error("enough");
    await expect(pin({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.requests).toEqual([]);
    for (const path of ["/revision/", "/tree/", `${CDN}/config.json`]) {
      const abort = new AbortController();
      server.faults.splice(0, 1, { path, kind: "stall", afterBytes: 1 });
      const pinning = pin({ signal: abort.signal });
      await expect.poll(() => server.log.some((entry) => entry.path.includes(path))).toBe(true);
      abort.abort(reason);
      await expect(pinning).rejects.toBe(reason);
    }
  });
});

describe("bytes of a small file that are wrong", () => {
  it.each([
    [{ kind: "corrupt" }, "integrity", "brought other bytes than git has"],
    [{ kind: "truncate" }, "length", "brought less than 9 bytes"],
    [{ kind: "long" }, "length", "brought more than 9 bytes"],
    [{ kind: "html" }, "length", "brought more than 9 bytes"],
  ] as const)("are refused after %j", async (fault, reason, message) => {
    server.faults.push({ path: `${CDN}/config.json`, ...fault });
    const error = await failure(pin());
    expect(error).toMatchObject({ code: "download-failed", details: { reason } });
    expect(error.message).toContain(message);
  });

  it("are not fetched beyond what was announced", async () => {
    server.replace(`${CDN}/config.json`, Buffer.alloc(900_000));
    const shrink = changing("/tree/", (entries: Record<string, unknown>[]) =>
      entries.map((entry) => (entry["path"] === "config.json" ? { ...entry, size: 10 } : entry)),
    );
    expect((await failure(pin({ fetch: shrink }))).message).toContain("brought more than 10 bytes");
  });
});

describe("answers that make no sense", () => {
  it.each([
    [{ sha: "main" }],
    [{ sha: "" }],
    [{ sha: COMMIT.toUpperCase() }],
    [{ sha: COMMIT.slice(1) }],
    [{}],
    [[]],
    ["no"],
    [null],
  ])("are refused as a commit: %j", async (value) => {
    const error = await failure(pin({ fetch: changing("/revision/", () => value) }));
    expect(error).toMatchObject({
      code: "model-invalid",
      details: { file: REPOSITORY, reason: "its `sha` is not a commit of 40 hex digits" },
    });
  });

  it("are refused when they are of another commit", async () => {
    const fetch = changing("/revision/", () => ({ sha: COMMIT }));
    const error = await failure(pin({ fetch }, "b".repeat(40)));
    expect(error.details).toEqual({ file: REPOSITORY, reason: "it is of another commit" });
  });

  it.each([
    ["no number of bytes", { size: -1 }],
    ["no number of bytes", { size: 0 }],
    ["no number of bytes", { size: 2 ** 53 }],
    ["no number of bytes", { size: "12" }],
    ["hash of git's", { oid: "" }],
    ["hash of git's", { oid: "x".repeat(40) }],
    ["no object", { lfs: "yes" }],
    ["no object", { lfs: null }],
    ["not a SHA-256", { lfs: {} }],
    ["not a SHA-256", { lfs: { oid: "", size: 9 } }],
    ["not a SHA-256", { lfs: { oid: "A".repeat(64), size: 9 } }],
    ["two sizes", { lfs: { oid: "a".repeat(64), size: 8 } }],
    ["too large to have no SHA-256", { size: 32 * 2 ** 20 + 1 }],
  ])("are refused as a file: %s in %j", async (reason, change) => {
    const fetch = changing("/tree/", (entries: Record<string, unknown>[]) =>
      entries.map((entry) => (entry["path"] === "config.json" ? { ...entry, ...change } : entry)),
    );
    const error = await failure(pin({ fetch }));
    expect(error).toMatchObject({ code: "model-invalid" });
    expect((error.details as { reason: string }).reason).toContain(reason);
  });

  it.each([
    ["is no list", () => ({ error: "no" })],
    ["is no object", (entries: unknown[]) => [...entries, null]],
    ["without a path", (entries: unknown[]) => [...entries, { type: "file" }]],
    ["listed twice", (entries: unknown[]) => [...entries, ...entries]],
  ])("are refused as a list: %s", async (reason, change) => {
    const error = await failure(pin({ fetch: changing("/tree/", change) }));
    expect(error).toMatchObject({ code: "model-invalid" });
    expect((error.details as { reason: string }).reason).toContain(reason);
  });

  it("do not put odd paths or an object's own names among the pins", async () => {
    const odd = ["../../etc/passwd", "/config.json", "__proto__", "constructor", "a\\b"];
    const fetch = changing("/tree/", (entries: object[]) => [
      ...odd.map((path) => ({ ...entries[0], path })),
      ...entries,
    ]);
    const { files } = await pin({ fetch });
    expect(Object.keys(files)).toEqual([...CONTENTS.keys()].sort());
    expect(Object.getPrototypeOf(files)).toBe(Object.prototype);
  });

  it("are refused when they are no JSON, or endless", async () => {
    const answer =
      (text: string): typeof fetch =>
      () =>
        Promise.resolve(new Response(text, { headers: { "content-type": "application/json" } }));
    expect((await failure(pin({ fetch: answer("{") }))).details).toEqual({
      file: REPOSITORY,
      reason: "it is not JSON",
    });
    expect((await failure(pin({ fetch: answer(" ".repeat(9 * 2 ** 20)) }))).details).toMatchObject({
      reason: "length",
    });
  });

  it("name the files that are not there, which a directory is not", async () => {
    server.contents.delete(`${CDN}/config.json`);
    const error = await failure(pin({ files: ["onnx", "config.json", "tokenizer.json"] }));
    expect(error).toMatchObject({
      code: "model-invalid",
      details: { file: "config.json", reason: "not in the repository" },
    });
    expect(error.message).toContain(`${REPOSITORY} has no config.json, onnx at ${COMMIT}.`);
  });
});

describe("arguments that make no sense", () => {
  it.each(["FastVLM", "a/b/c", "../b", "a/..", "a/b?x=1", "", "a b/c", "https://a/b"])(
    "are no repository: %j",
    async (repository) => {
      const asking = pinModel(repository, "main", { endpoint: server.origin });
      await expect(asking).rejects.toThrow(/Expected `repository`/);
    },
  );

  it.each(["", "a b", "a\n", "..", "../x", "a/../b", ".", "main\0"])(
    "are no revision: %j",
    async (revision) => {
      await expect(pin({}, revision)).rejects.toThrow(/Expected `revision`/);
    },
  );

  it.each([[[]], [["a", "../b"]], [["__proto__"]], [[""]]])("are no files: %j", async (files) => {
    await expect(pin({ files })).rejects.toThrow(TypeError);
    expect(server.requests).toEqual([]);
  });
});
