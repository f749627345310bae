/**
 * Returns a model's files from the store. Files that are missing are downloaded into the store first. If reading finds
 * damage, it is repaired once by a new download.
 */

import { VlmError } from "../protocol/errors.ts";
import { isLocalAddress, shownAddress } from "../schema/local-address.ts";
import type { ModelFile } from "../protocol/model-descriptor.ts";
import type { VerifiedFile } from "../shared/verified-file.ts";
import { modelKey, type FileKey } from "../storage/file-keys.ts";
import type { FileRecord } from "../storage/file-record.ts";
import type { FileStore } from "../storage/file-store.ts";
import { openWholeFile, readWholeFile } from "../storage/read-file.ts";
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
   * Makes sure that all of `paths` are stored completely.
   *
   * @returns whether anything had to be downloaded, by this tab or another
   * @throws {VlmError} `download-failed`, `network-forbidden`
   */
  ensure(paths: readonly string[]): Promise<boolean>;
  /**
   * Returns the bytes of one file, all of them verified.
   *
   * @throws {VlmError} what `ensure` throws
   */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The record of the stored file; undefined if the file is missing or not complete. */
  find(path: string): Promise<StoredFile | undefined>;
  /** Opens the file like `read`, but without holding its bytes in memory. */
  open(path: string): Promise<VerifiedFile>;
  /**
   * The file that this device makes from another one, in the way that `kind` names. Undefined if nothing is stored
   * beyond the session, because making the file would then not pay off.
   *
   * @throws {VlmError} what `ensure` throws
   */
  derive(path: string, kind: string): Promise<DerivedFile | undefined>;
  /** How many bytes of `paths` are stored. Makes no request. */
  measure(paths: readonly string[]): Promise<{ storedBytes: number; totalBytes: number }>;
}

type TakeFile<T> = (files: FileStore, file: FileKey, record: FileRecord) => Promise<T | undefined>;

export function createModelFiles(options: ModelFilesOptions): ModelFiles {
  const { model, files, gate, report, now } = options;
  const counted = new Set<string>();

  let hasRestored = false;
  /** The record of a file. If there is none, the store restores once what it has lost of the model. */
  const findRecord = async (path: string): Promise<FileRecord | undefined> => {
    const record = await files.readRecord(fileKeyOf(model, path), fileOf(model, path));
    if (record || hasRestored) return record;
    hasRestored = true;
    await options.store.restore?.(modelKey(model));
    return files.readRecord(fileKeyOf(model, path), fileOf(model, path));
  };

  const findMissing = async (paths: readonly string[]): Promise<string[]> => {
    const missing: string[] = [];
    for (const path of paths) {
      const record = await findRecord(path);
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
      // The first time, another tab may have deleted the model. The second time, the store keeps nothing.
      if (downloads > 1) throw vanished(fileOf(model, missing[0]!));
      await waitWhilePaused(options, state);
      const remote = missing
        .map((path) => fileOf(model, path))
        .find(({ url }) => !isLocalAddress(url));
      if (remote && !options.fetch) throw forbidden(remote);
      const { fetch = globalThis.fetch } = options; // A local address needs no request.
      const paused = gate.signal;
      try {
        await fetchMissing({ ...options, fetch, paths, signal: paused, state });
        downloads += 1;
      } catch (error) {
        if (!(error instanceof LockLost) && !paused.aborted) throw error;
      }
    }
  };

  /** The record of a complete file. Downloads the file first if it is not complete. */
  const obtain = async (path: string): Promise<FileRecord> => {
    const [key, file] = [fileKeyOf(model, path), fileOf(model, path)];
    let record = await files.readRecord(key, file);
    if (!record) await ensure([path]);
    record ??= await files.readRecord(key, file);
    if (record) return record;
    throw vanished(file);
  };

  /** Returns what `take` returns for the stored file. Damage is repaired once, by a new download. */
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

/** Sends the last report of a download. If everything was stored already, it is the only one. */
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
