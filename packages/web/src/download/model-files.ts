/**
 * A model's files: from the store where they are whole, else from the network and into the store
 * first. Damage that shows on reading is repaired once by a fresh download.
 */

import { VlmError } from "../protocol/errors.ts";
import { isLocalAddress, shownAddress } from "../schema/local-address.ts";
import type { ModelFile } from "../protocol/model-descriptor.ts";
import type { FileKey } from "../storage/file-keys.ts";
import type { FileRecord } from "../storage/file-record.ts";
import type { FileStore } from "../storage/file-store.ts";
import { openWholeFile, readWholeFile, type VerifiedFile } from "../storage/read-file.ts";
import type { StoredFile } from "../storage/verify-ahead.ts";
import { derivedFile, type DerivedFile } from "./derived-file.ts";
import { fetchMissing, type ProgressState } from "./fetch-missing.ts";
import { downloadFailed } from "./interruption.ts";
import { LockLost } from "./lock-lost.ts";
import { fileOf, fileKeyOf } from "./model-file.ts";
import type { ModelFilesOptions } from "./model-files-options.ts";
import { createProgressMeter } from "./progress-meter.ts";

export interface ModelFiles {
  /**
   * Sees to it that all of `paths` are stored, and whole.
   *
   * @returns whether anything had to be downloaded, by this tab or another
   * @throws {VlmError} `download-failed`, `network-forbidden`
   */
  ensure(paths: readonly string[]): Promise<boolean>;
  /**
   * The bytes of one file, every one of them verified.
   *
   * @throws {VlmError} what `ensure` throws
   */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The file as it is stored; undefined where it is not, or not whole. */
  find(path: string): Promise<StoredFile | undefined>;
  /** As `read`, without its bytes in memory. */
  open(path: string): Promise<VerifiedFile>;
  /**
   * What this device makes of one file, as `kind` says. Undefined where nothing outlives the session:
   * making it would be in vain.
   *
   * @throws {VlmError} what `ensure` throws
   */
  derive(path: string, kind: string): Promise<DerivedFile | undefined>;
  /** What is stored of `paths`, without asking the network. */
  measure(paths: readonly string[]): Promise<{ storedBytes: number; totalBytes: number }>;
}

type TakeFile<T> = (files: FileStore, file: FileKey, record: FileRecord) => Promise<T | undefined>;

export function createModelFiles(options: ModelFilesOptions): ModelFiles {
  const { model, files, gate, report, now } = options;
  const counted = new Set<string>();

  const findMissing = async (paths: readonly string[]): Promise<string[]> => {
    const missing: string[] = [];
    for (const path of paths) {
      const record = await files.readRecord(fileKeyOf(model, path), fileOf(model, path));
      if (!record) missing.push(path);
      if (counted.has(path)) continue;
      counted.add(path);
      if (record) report.onCacheHit();
      else report.onCacheMiss();
    }
    return missing;
  };

  const ensure = async (paths: readonly string[]): Promise<boolean> => {
    const state: ProgressState = { meter: undefined, latest: { loadedBytes: 0, totalBytes: 0 } };
    let downloads = 0;
    for (let hasDownloaded = false; ; hasDownloaded = true) {
      const missing = await findMissing(paths);
      if (missing.length === 0) {
        await reportWhole(options, paths, state);
        return hasDownloaded;
      }
      // Once may be another tab that deletes models; twice is a store that keeps nothing.
      if (downloads > 1) throw vanished(fileOf(model, missing[0]!));
      await waitWhilePaused(options, state);
      const remote = missing
        .map((path) => fileOf(model, path))
        .find(({ url }) => !isLocalAddress(url));
      if (remote && !options.fetch) throw forbidden(remote);
      const { fetch = globalThis.fetch } = options; // What is local is no request.
      const paused = gate.signal;
      try {
        await fetchMissing({ ...options, fetch, paths, signal: paused, state });
        downloads += 1;
      } catch (error) {
        if (!(error instanceof LockLost) && !paused.aborted) throw error;
      }
    }
  };

  /** The record of a file that is whole, after a download where it was not. */
  const obtain = async (path: string): Promise<FileRecord> => {
    const [key, file] = [fileKeyOf(model, path), fileOf(model, path)];
    let record = await files.readRecord(key, file);
    if (!record) await ensure([path]);
    record ??= await files.readRecord(key, file);
    if (record) return record;
    throw vanished(file);
  };

  /** What `take` makes of the stored file. Damage is repaired once, by a fresh download. */
  const readWith = async <T>(path: string, take: TakeFile<T>): Promise<T> => {
    const [key, file] = [fileKeyOf(model, path), fileOf(model, path)];
    for (let hasRepaired = false; ; hasRepaired = true) {
      const record = await obtain(path);
      const startedAt = now();
      const content = await take(files, key, record);
      report.onVerified(now() - startedAt);
      if (content) return content;
      report.onCorrupted();
      if (hasRepaired) throw downloadFailed(file, "integrity", "was damaged again in the store");
      await files.reopen(key, record);
    }
  };
  return {
    ensure,
    read: (path) => readWith(path, readWholeFile),
    async find(path) {
      const file = fileKeyOf(model, path);
      const record = await files.readRecord(file, fileOf(model, path));
      return record && { file, record };
    },
    open: (path) => readWith(path, openWholeFile),
    async derive(path, kind) {
      const record = await obtain(path);
      if (options.store.isPersistent === false) return undefined;
      return derivedFile(files, fileKeyOf(model, path), kind, record);
    },
    async measure(paths) {
      let [storedBytes, totalBytes] = [0, 0];
      for (const path of paths) {
        const file = fileOf(model, path);
        const record = await files.readRecord(fileKeyOf(model, path), file);
        totalBytes += record?.bytes ?? file.bytes;
        storedBytes += record?.bytes ?? 0;
      }
      return { storedBytes, totalBytes };
    },
  };
}

async function waitWhilePaused(
  { gate, report, now }: ModelFilesOptions,
  state: ProgressState,
): Promise<void> {
  if (gate.isPaused) {
    state.meter ??= createProgressMeter(0, now, report.onProgress);
    state.meter.update("paused", state.latest.loadedBytes, state.latest.totalBytes);
  }
  await gate.whenOpen();
}

/** The last report of a download, and the only one where all is stored already. */
async function reportWhole(
  { model, files, report, now }: ModelFilesOptions,
  paths: readonly string[],
  state: ProgressState,
): Promise<void> {
  let bytes = 0;
  for (const path of paths) {
    const record = await files.readRecord(fileKeyOf(model, path), fileOf(model, path));
    bytes += record?.bytes ?? 0;
  }
  state.meter ??= createProgressMeter(bytes, now, report.onProgress);
  state.meter.update("downloading", bytes, bytes);
}

function vanished(file: ModelFile): VlmError<"download-failed"> {
  return downloadFailed(file, "integrity", "vanished from the store at once");
}

function forbidden({ url }: ModelFile): VlmError<"network-forbidden"> {
  const shown = shownAddress(url);
  return new VlmError(
    "network-forbidden",
    `${shown.split("/").at(-1) ?? shown} is not stored, and \`network: "none"\` forbids to fetch it. ` +
      "Call `prepareOffline` while there is a network.",
    { url: shown },
  );
}
