/** A model of one file at a fault server, on its way into a store: what the tests of downloads share. */

import { createHash } from "node:crypto";
import { vi } from "vitest";
import type { ModelFilesReport } from "../src/download/model-files-options.ts";
import { createModelFiles } from "../src/download/model-files.ts";
import { PauseGate } from "../src/download/pause-gate.ts";
import { fastvlm05b } from "../src/catalog/fastvlm-05b.ts";
import { VlmError } from "../src/protocol/errors.ts";
import type { FileShards, ModelDescriptor, ModelFile } from "../src/protocol/model-descriptor.ts";
import type { DownloadProgress } from "../src/protocol/result.ts";
import { modelKey, type FileKey } from "../src/storage/file-keys.ts";
import { createFileStore } from "../src/storage/file-store.ts";
import { createMemoryStore } from "../src/storage/memory-store.ts";
import type { Store } from "../src/storage/store.ts";
import type { DownloadPolicy } from "../src/wire/worker-api.ts";
import type { FaultServer } from "./fault-server.ts";

/** Where the server has the file. */
export const PATH = "/weights.onnx";

/** The name of the file in the model. */
export const FILE = "weights";

/** Where the store has the file. */
export const KEY: FileKey = { model: modelKey({ id: "test", revision: "1" }), path: FILE };

/** Patient about nothing. */
export const HASTY: DownloadPolicy = {
  parallel: 2,
  retries: 2,
  retryDelayMs: 1,
  stallTimeoutMs: 10_000,
  takeOverAfterMs: 10_000,
};

export interface OpenModelOptions {
  readonly server: FaultServer;
  readonly file?: Partial<ModelFile>;
  readonly store?: Store;
  readonly policy?: Partial<DownloadPolicy>;
  readonly lockName?: string;
  readonly revision?: string;
  readonly fetch?: typeof fetch;
  readonly isForbidden?: boolean;
  readonly now?: () => number;
  readonly report?: Partial<ModelFilesReport>;
}

/** What a download told. */
interface Seen {
  readonly progress: readonly DownloadProgress[];
  readonly started: number;
  readonly hits: number;
  readonly misses: number;
  readonly resumes: number;
  readonly retries: number;
  readonly corruptions: number;
  readonly noRanges: number;
  readonly downloadedBytes: number;
}

/** The model's files as one worker has them: opened again, it is the next session. */
export function openModel(options: OpenModelOptions) {
  const { server, store = createMemoryStore(), revision = "1" } = options;
  const served = server.contents.get(PATH)?.length ?? 0;
  const url = `${server.origin}${PATH}?token=secret#top`;
  const model: ModelDescriptor = {
    ...fastvlm05b(),
    id: "test",
    revision,
    files: { [FILE]: { url, bytes: served, ...options.file } },
  };
  const progress: DownloadProgress[] = [];
  const counts = {
    started: 0,
    hits: 0,
    misses: 0,
    resumes: 0,
    retries: 0,
    corruptions: 0,
    noRanges: 0,
    downloadedBytes: 0,
  };
  const count = (what: keyof typeof counts, by = 1) => {
    counts[what] += by;
  };
  const seen: Seen = Object.assign(counts, { progress });
  const gate = new PauseGate();
  const files = createModelFiles({
    model,
    store,
    files: createFileStore(store),
    lockName: options.lockName,
    policy: { ...HASTY, ...options.policy },
    gate,
    fetch: options.isForbidden === true ? undefined : (options.fetch ?? fetch),
    now: options.now ?? (() => performance.now()),
    report: {
      onProgress: (one) => {
        progress.push(one);
      },
      onStarted: () => {
        count("started");
        return Promise.resolve();
      },
      onCacheHit: () => {
        count("hits");
      },
      onCacheMiss: () => {
        count("misses");
      },
      onResumed: () => {
        count("resumes");
      },
      onRetry: () => {
        count("retries");
      },
      onNoRanges: () => {
        count("noRanges");
      },
      onCorrupted: () => {
        count("corruptions");
      },
      onDownloaded: (bytes) => {
        count("downloadedBytes", bytes);
      },
      onVerified: () => undefined,
      ...options.report,
    },
  });
  return {
    files,
    gate,
    seen,
    store,
    ensure: () => files.ensure([FILE]),
    read: () => files.read(FILE),
  };
}

/** Bytes without a period, other ones for another seed. */
export function makeBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  let state = seed * 2_654_435_761;
  return new Uint8Array(length).map(() => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
}

export function hashHex(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What a manifest says of a file that was cut in parts. */
function pinShards(bytes: Uint8Array, shardBytes: number): FileShards {
  const count = Math.ceil(bytes.length / shardBytes);
  const sha256 = Array.from({ length: count }, (_, index) =>
    hashHex(bytes.subarray(index * shardBytes, (index + 1) * shardBytes)),
  );
  return { bytes: shardBytes, sha256 };
}

/** Manifest of a file of which every part is pinned. */
export function pinnedFile(bytes: Uint8Array, shardBytes: number): Partial<ModelFile> {
  return {
    bytes: bytes.length,
    sha256: hashHex(bytes),
    shards: pinShards(bytes, shardBytes),
  };
}

/** Byte ranges that were asked for, in order, as `first-last`. */
export function rangesOf(server: FaultServer): string[] {
  return server.log.map(({ range }) =>
    range ? `${String(range.start)}-${String(range.end)}` : "whole",
  );
}

/** How often each byte of a file was asked for. */
export function countAskedBytes(server: FaultServer, bytes: number): Uint8Array {
  const counts = new Uint8Array(bytes);
  for (const { range = { start: 0, end: bytes - 1 } } of server.log) {
    for (let at = range.start; at <= range.end; at++) counts[at]! += 1;
  }
  return counts;
}

/** Indices of the shards that are stored, by their keys. */
export async function storedShards(store: Store): Promise<number[]> {
  return (await shardKeys(store)).map((key) => Number(key.split("|")[3]));
}

/** The keys of the shards that are stored, in order. */
export async function shardKeys(store: Store): Promise<string[]> {
  const keys = (await store.keys()).filter((key) => key.startsWith("shard|"));
  return keys.sort((a, b) => Number(a.split("|")[3]) - Number(b.split("|")[3]));
}

/** Puts other bytes in a shard's place. */
export async function damageShard(
  store: Store,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  await store.set(key, new Blob([bytes]));
}

/** A clock that is a second later at every look: no progress comes too soon to be reported. */
export function createHastyClock(): () => number {
  let now = 0;
  return () => (now += 1000);
}

/** Waits for it, also on a machine that has a lot to do. */
export async function until(condition: () => boolean): Promise<void> {
  await vi.waitUntil(condition, { interval: 1, timeout: 20_000 });
}

/** The error of work that must fail, as the kit reports it. */
export async function failureOf(work: Promise<unknown>): Promise<VlmError<"download-failed">> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (VlmError.is(error, "download-failed")) return error;
  throw new Error("Expected a failed download", { cause: error });
}

/** As pages see the answers of another origin that allows them nothing more. */
export const fetchWithHiddenHeaders: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const headers = new Headers();
  for (const name of ["content-length", "content-type"]) {
    const value = response.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(response.body, { status: response.status, headers });
};

/** The bytes of a stored shard. */
export async function readShard(store: Store, key: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await ((await store.get(key)) as Blob).arrayBuffer());
}
