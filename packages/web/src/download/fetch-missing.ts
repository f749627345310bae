/**
 * Brings the missing files of a model into the store. This tab downloads them, unless another tab already does; then this
 * tab waits for the other one.
 */

import type { DownloadState } from "../protocol/result.ts";
import type { FileRecord } from "../storage/file-record.ts";
import { downloadFiles } from "./download-files.ts";
import { FileDownload } from "./file-download.ts";
import { fileOf, fileKeyOf } from "./model-file.ts";
import type { ModelFilesOptions } from "./model-files-options.ts";
import { withModelLock, type Held, type HolderProgress } from "./model-lock.ts";
import { createProgressMeter, type ProgressMeter } from "./progress-meter.ts";

export interface FetchMissingOptions extends ModelFilesOptions {
  readonly fetch: typeof fetch;
  /** All files that have to be stored in the end. Files that are complete already count for the progress. */
  readonly paths: readonly string[];
  readonly signal: AbortSignal;
  readonly state: ProgressState;
}

/** The part of the progress that is kept across pauses and take-overs. */
export interface ProgressState {
  meter: ProgressMeter | undefined;
  latest: HolderProgress;
}

/**
 * Returns when nothing is missing and the lock is free, or when this tab has fetched everything that was missing.
 *
 * @throws {LockLost} when another tab took over; {VlmError} `download-failed`; the signal's reason
 */
export async function fetchMissing(options: FetchMissingOptions): Promise<void> {
  const { lockName, store, policy, signal, state } = options;
  if (lockName === undefined) {
    const lost = new AbortController().signal;
    return fetchHere(options, { lost, progress: state.latest });
  }
  return withModelLock(
    {
      name: lockName,
      store,
      signal,
      takeOverAfterMs: policy.takeOverAfterMs,
      onHolderProgress: ({ loadedBytes, totalBytes }) => {
        state.meter ??= createProgressMeter(0, options.now, options.report.onProgress);
        state.meter.update("in-other-tab", loadedBytes, totalBytes);
      },
    },
    (held) => fetchHere({ ...options, signal: AbortSignal.any([signal, held.lost]) }, held),
  );
}

/** Fetches with the lock held. It looks again first, because another tab may have fetched everything in the meantime. */
async function fetchHere(options: FetchMissingOptions, held: Held): Promise<void> {
  const { model, files, policy, report, now, signal, state, paths } = options;
  const whole: FileRecord[] = [];
  const downloads: FileDownload[] = [];
  let meter: ProgressMeter | undefined;
  const update = (progressState: DownloadState): void => {
    if (!meter) return;
    const wholeBytes = sum(whole, ({ bytes }) => bytes);
    state.latest = held.progress = {
      loadedBytes: wholeBytes + sum(downloads, (one) => one.loadedBytes),
      totalBytes: wholeBytes + sum(downloads, (one) => one.totalBytes),
    };
    meter.update(progressState, held.progress.loadedBytes, held.progress.totalBytes);
  };
  for (const path of paths) {
    const [key, file] = [fileKeyOf(model, path), fileOf(model, path)];
    const record = await files.readRecord(key, file);
    if (record) whole.push(record);
    else downloads.push(toDownload(options, path, update));
  }
  if (downloads.length === 0) return;
  await report.onStarted();
  const startedAt = now();
  let storedBefore = 0;
  await downloadFiles({
    downloads,
    policy,
    signal,
    onPrepared: () => {
      storedBefore = sum(downloads, (one) => one.loadedBytes);
      if (storedBefore > 0) report.onResumed();
      const cachedBytes = storedBefore + sum(whole, ({ bytes }) => bytes);
      meter = state.meter = createProgressMeter(cachedBytes, now, report.onProgress);
      update("downloading");
    },
    onRetry: () => {
      report.onRetry();
      update("retrying");
    },
  });
  const bytes = sum(downloads, (one) => one.totalBytes) - storedBefore;
  report.onDownloaded(bytes, now() - startedAt);
}

function toDownload(
  { model, files, fetch, policy, report }: FetchMissingOptions,
  path: string,
  update: (state: DownloadState) => void,
): FileDownload {
  return new FileDownload({
    key: fileKeyOf(model, path),
    file: fileOf(model, path),
    files,
    fetch,
    stallTimeoutMs: policy.stallTimeoutMs,
    onChange: () => {
      update("downloading");
    },
    onCorrupted: report.onCorrupted,
    onNoRanges: report.onNoRanges,
  });
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
