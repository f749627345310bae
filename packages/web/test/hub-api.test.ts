import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultServer, type FaultServer } from "./fault-server.ts";

const REPOSITORY = "owner/name";
const COMMIT = "a".repeat(40);
const CONFIG = Buffer.from("hello\n");
const GRAPH = Buffer.from("graph");
const WEIGHTS = Buffer.alloc(1_000_001, 7);

const hash = (algorithm: string, ...parts: (string | Buffer)[]): string => {
  const digest = createHash(algorithm);
  for (const part of parts) digest.update(part);
  return digest.digest("hex");
};

let server: FaultServer;

beforeEach(async () => {
  server = await startFaultServer({
    contents: {
      "/cdn/owner/name/config.json": CONFIG,
      "/cdn/owner/name/onnx/model.onnx": GRAPH,
      "/cdn/owner/name/onnx/model.onnx_data": WEIGHTS,
      "/cdn/owner/other/config.json": CONFIG,
    },
  });
  server.hub.commit = COMMIT;
});

afterEach(async () => {
  await server.close();
});

const hub = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${server.origin}/hub/${path}`, init);

describe("the hub's redirects", () => {
  it("lead to the file, and say its commit, size and hash on the way", async () => {
    const init: RequestInit = { redirect: "manual" };
    const large = await hub(`${REPOSITORY}/resolve/main/onnx/model.onnx`, init);
    expect(large.status).toBe(302);
    expect(Object.fromEntries(large.headers)).toMatchObject({
      location: "/cdn/owner/name/onnx/model.onnx",
      "x-repo-commit": COMMIT,
      "x-linked-size": "5",
      "x-linked-etag": `"${hash("sha256", GRAPH)}"`,
    });
    const small = await hub(`${REPOSITORY}/resolve/${"b".repeat(40)}/config.json`, init);
    expect(small.status).toBe(307);
    expect(small.headers.get("x-repo-commit")).toBe("b".repeat(40));
    const range = await hub(`${REPOSITORY}/resolve/main/onnx/model.onnx`, {
      headers: { range: "bytes=1-2" },
    });
    expect(range.status).toBe(206);
    expect(await range.text()).toBe("ra");
  });

  it("lead to another host where a test wants it, as the hub's do", async () => {
    server.hub.cdnOrigin = server.otherOrigin;
    const answer = await hub(`${REPOSITORY}/resolve/main/config.json`);
    expect(new URL(answer.url).origin).toBe(server.otherOrigin);
    expect(await answer.text()).toBe("hello\n");
  });

  it("lead to what the repository has at a commit, where that differs", async () => {
    const other = "b".repeat(40);
    server.replace(`/cdn/owner/name@${other}/config.json`, Buffer.from("other\n"));
    const textAt = async (revision: string) =>
      (await hub(`${REPOSITORY}/resolve/${revision}/config.json`)).text();
    expect([await textAt("main"), await textAt(other)]).toEqual(["hello\n", "other\n"]);
    server.hub.commit = other;
    expect([await textAt("main"), await textAt(COMMIT)]).toEqual(["other\n", "hello\n"]);
  });

  it("lead to answers that last a year, show a page little, and may name no version", async () => {
    const ask = async () => (await hub(`${REPOSITORY}/resolve/main/config.json`)).headers;
    const shown = await ask();
    expect(shown.get("cache-control")).toBe("public, max-age=31536000");
    expect(shown.get("access-control-expose-headers")).not.toMatch(/retry-after|ratelimit/i);
    expect(shown.has("etag")).toBe(true);
    server.hidesEtag = true;
    expect((await ask()).has("etag")).toBe(false);
  });

  it("know what is not there", async () => {
    const missing = await hub(`${REPOSITORY}/resolve/main/nothing.json`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get("x-error-code")).toBe("EntryNotFound");
  });

  it("are struck only by faults that name the hub", async () => {
    server.faults.push({ path: "model.onnx", kind: "status", status: 503 });
    const init: RequestInit = { redirect: "manual" };
    const path = `${REPOSITORY}/resolve/main/onnx/model.onnx`;
    expect((await hub(path, init)).status).toBe(302);
    expect((await hub(path)).status).toBe(503);
    server.faults.push({ path: `/hub/${path}`, kind: "status", status: 429 });
    expect((await hub(path, init)).status).toBe(429);
  });
});

describe("the hub's API", () => {
  it("names the commit of a revision", async () => {
    const response = await hub(`api/models/${REPOSITORY}/revision/main`);
    expect(await response.json()).toMatchObject({ sha: COMMIT });
    expect((await hub("api/models/owner/unknown/revision/main")).status).toBe(401);
  });

  it("lists the tree with git's hashes of the true content", async () => {
    const response = await hub(`api/models/${REPOSITORY}/tree/main?recursive=true`);
    const pointerOf = (bytes: Buffer): string =>
      `version https://git-lfs.github.com/spec/v1\noid sha256:${hash("sha256", bytes)}\nsize ${bytes.length}\n`;
    const inStorage = (path: string, bytes: Buffer) => {
      const pointer = pointerOf(bytes);
      return {
        type: "file",
        oid: hash("sha1", `blob ${pointer.length}\0`, pointer),
        size: bytes.length,
        path,
        lfs: { oid: hash("sha256", bytes), size: bytes.length, pointerSize: pointer.length },
      };
    };
    expect(await response.json()).toEqual([
      {
        type: "file",
        // What `git hash-object` says of a file with the line "hello".
        oid: "ce013625030ba8dba906f756967f9e9ca394464a",
        size: 6,
        path: "config.json",
      },
      {
        type: "directory",
        oid: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
        size: 0,
        path: "onnx",
      },
      inStorage("onnx/model.onnx", GRAPH),
      inStorage("onnx/model.onnx_data", WEIGHTS),
    ]);
    expect(response.headers.has("link")).toBe(false);
  });

  it("hashes directories as git does, and follows a file that changes", async () => {
    const oidOfFolder = async (): Promise<string> => {
      const answer = await hub(`api/models/${REPOSITORY}/tree/main`);
      const entries = (await answer.json()) as { type: string; oid: string; path: string }[];
      expect(entries.map((entry) => entry.path)).toEqual(["config.json", "onnx"]);
      return entries[1]!.oid;
    };
    const before = await oidOfFolder();
    server.contents.delete("/cdn/owner/name/onnx/model.onnx_data");
    server.contents.delete("/cdn/owner/name/onnx/model.onnx");
    server.replace("/cdn/owner/name/onnx/a.txt", CONFIG);
    // What `git write-tree` says of a tree with that one file.
    expect(await oidOfFolder()).toBe("2e81171448eb9f2ee3821e3d447aa6b2fe3ddba1");
    expect(before).not.toBe("2e81171448eb9f2ee3821e3d447aa6b2fe3ddba1");
  });

  it("goes page by page", async () => {
    server.hub.pageSize = 2;
    const paths: string[] = [];
    let next: string | undefined =
      `${server.origin}/hub/api/models/${REPOSITORY}/tree/main?recursive=true`;
    let pages = 0;
    while (next !== undefined) {
      const response: Response = await fetch(next);
      paths.push(...((await response.json()) as { path: string }[]).map((entry) => entry.path));
      next = /^<(.+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1];
      pages++;
    }
    expect(pages).toBe(2);
    expect(paths).toEqual(["config.json", "onnx", "onnx/model.onnx", "onnx/model.onnx_data"]);
  });

  it("fails as planned", async () => {
    server.faults.push({ path: "/tree/", kind: "status", status: 429, retryAfter: 1, times: 1 });
    const path = `api/models/${REPOSITORY}/tree/main?recursive=true`;
    expect((await hub(path)).headers.get("retry-after")).toBe("1");
    expect((await hub(path)).status).toBe(200);
  });
});
