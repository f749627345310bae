import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFaultServer, type FaultServer } from "../../test/fault-server.ts";
import { HASTY, hashHex, makeBytes, openModel } from "../../test/model-download.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { readCommit } from "../storage/known-commits.ts";
import { SHARD_BYTES } from "../storage/file-store.ts";
import { createMemoryStore } from "../storage/memory-store.ts";
import { resolveModel, type ResolveOptions } from "./resolve-model.ts";

const REPOSITORY = "onnx-community/FastVLM-0.5B-ONNX";
const QUESTION = `/hub/api/models/${REPOSITORY}/revision/main`;
const [OLD, NEW] = ["a".repeat(40), "b".repeat(40)];

let server: FaultServer;
let model: ModelDescriptor;

beforeEach(async () => {
  server = await startFaultServer({
    contents: { [`/cdn/${REPOSITORY}/config.json`]: makeBytes(100) },
  });
  server.hub.commit = OLD;
  server.hub.cdnOrigin = server.otherOrigin;
  server.hidesEtag = true;
  model = fastvlm05b({ endpoint: `${server.origin}/hub` });
});

afterEach(async () => {
  await server.close();
});

function resolve(changes: Partial<ResolveOptions> = {}): Promise<ModelDescriptor> {
  return resolveModel(model, {
    store: createMemoryStore(),
    fetch,
    policy: HASTY,
    signal: new AbortController().signal,
    onRetry: () => undefined,
    asksAnew: false,
    isStored: () => Promise.resolve(false),
    ...changes,
  });
}

describe("a branch", () => {
  it("is the commit that it is at, asked once", async () => {
    const store = createMemoryStore();
    for (const commit of [OLD, NEW]) {
      server.hub.commit = commit;
      expect((await resolve({ store })).revision).toBe(OLD);
    }
    expect(server.requests).toEqual([QUESTION]);
  });

  it("is known without a network after that", async () => {
    const store = createMemoryStore();
    await resolve({ store });
    server.isDown = true;
    expect((await resolve({ store })).revision).toBe(OLD);
    expect((await resolve({ store, fetch: undefined, asksAnew: true })).revision).toBe(OLD);
  });

  it("stays a branch where nobody may ask", async () => {
    expect(await resolve({ fetch: undefined })).toBe(model);
    expect(server.requests).toEqual([]);
  });

  it("is not asked for where the files have an address of the app's own, or a commit", async () => {
    for (const options of [{ baseUrl: "/models" }, { revision: OLD }]) {
      model = fastvlm05b(options);
      expect(await resolve()).toBe(model);
    }
    expect(server.requests).toEqual([]);
  });

  it("is asked for again when the app wants what is there now, and moves later", async () => {
    const store = createMemoryStore();
    await resolve({ store });
    server.hub.commit = NEW;
    expect((await resolve({ store, asksAnew: true })).revision).toBe(NEW);
    expect(await readCommit(store, model)).toBe(OLD);
  });

  it("stays where it was when the hub cannot be asked and all of it is stored", async () => {
    const store = createMemoryStore();
    await resolve({ store });
    server.isDown = true;
    const asked: string[] = [];
    const isStored = ({ revision }: ModelDescriptor): Promise<boolean> => {
      asked.push(revision);
      return Promise.resolve(true);
    };
    expect((await resolve({ store, asksAnew: true, isStored })).revision).toBe(OLD);
    expect(asked).toEqual([OLD]);
    await expect(resolve({ store, asksAnew: true })).rejects.toMatchObject({
      code: "download-failed",
    });
  });
});

describe("a hub that cannot be asked", () => {
  it.each([
    [{ kind: "status", status: 404 }, { reason: "http-status", status: 404 }, 1],
    [{ kind: "status", status: 503 }, { reason: "http-status", status: 503 }, 3],
    [{ kind: "html" }, { reason: "content-type" }, 1],
    [{ kind: "cut" }, { reason: "network" }, 3],
  ] as const)("is a typed error after %j", async (fault, details, requests) => {
    server.faults.push({ path: QUESTION, ...fault });
    const asking = resolve();
    await expect(asking).rejects.toMatchObject({ code: "download-failed", details });
    await expect(asking).rejects.toThrow(/^The question for the commit of main /);
    expect(server.requests).toHaveLength(requests);
  });

  it("is asked again", async () => {
    server.faults.push({ path: QUESTION, kind: "status", status: 503, times: 2 });
    expect((await resolve()).revision).toBe(OLD);
  });

  it.each(["{", "null", "{}", '{"sha":"main"}'])("makes no sense with %s", async (text) => {
    const answer = (): Promise<Response> => Promise.resolve(new Response(text));
    await expect(resolve({ fetch: answer })).rejects.toMatchObject({
      code: "model-invalid",
      details: { file: REPOSITORY },
    });
  });

  it("is left when the signal aborts", async () => {
    const reason = new Error("enough");
    server.faults.push({ path: QUESTION, kind: "stall" });
    const abort = new AbortController();
    const asking = resolve({ signal: abort.signal });
    setTimeout(() => {
      abort.abort(reason);
    }, 20);
    await expect(asking).rejects.toBe(reason);
  });
});

describe("a file that is uploaded again, of the same length, between two ranges", () => {
  it("is the one that the download began with, in this visit and in the next", async () => {
    const store = createMemoryStore();
    const versions = [OLD, NEW].map((commit, version) => {
      const bytes = new Uint8Array(2 * SHARD_BYTES + 5).fill(version);
      server.replace(`/cdn/${REPOSITORY}@${commit}/onnx/large.onnx`, bytes);
      return bytes;
    });
    const openLarge = async () => {
      const { files, revision } = await resolve({ store });
      const url = files["config.json"]!.url.replace("config.json", "onnx/large.onnx");
      const file = { url, bytes: 1, isApproximate: true };
      return openModel({ server, store, file, revision });
    };
    const first = await openLarge();
    server.faults.push(
      { path: "large", kind: "cut", afterBytes: SHARD_BYTES + 100, times: 1 },
      { path: "large", kind: "cut", afterBytes: 0, fromByte: SHARD_BYTES },
    );
    await expect(first.ensure()).rejects.toMatchObject({ code: "download-failed" });
    server.hub.commit = NEW;
    server.faults.length = 0;
    const next = await openLarge();
    expect(hashHex(await next.read())).toBe(hashHex(versions[0]!));
    expect(next.seen.resumes).toBe(1);
  });
});
