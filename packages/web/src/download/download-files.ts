/**
 * Downloads files into the store, with several ranges at a time. What is stored stays stored, whatever happens, and the
 * next call goes on from there.
 */

import { isLocalAddress } from "../schema/local-address.ts";
import type { DownloadPolicy } from "../wire/worker-api.ts";
import type { FileDownload, Task } from "./file-download.ts";
import { downloadFailed, Interruption } from "./interruption.ts";
import { isOffline } from "./request.ts";
import { retry } from "./retry.ts";

export interface DownloadFilesOptions {
  readonly downloads: readonly FileDownload[];
  readonly policy: DownloadPolicy;
  readonly signal: AbortSignal;
  /** Called when all sizes are known, so that progress has a total. */
  readonly onPrepared: () => void;
  readonly onRetry: () => void;
}

/**
 * Returns when every request has ended, whether it succeeded or not. Nothing is written after that.
 *
 * @throws {VlmError} `download-failed`; the signal's reason when it aborts
 */
export async function downloadFiles(options: DownloadFilesOptions): Promise<void> {
  const { downloads, policy, signal } = options;
  const remote = downloads.find(({ url }) => !isLocalAddress(url));
  if (remote && isOffline())
    throw downloadFailed(remote, "offline", "cannot begin without a network");
  const failure = new AbortController();
  const anySignal = AbortSignal.any([signal, failure.signal]);
  const attempt = (task: Task["attempt"]): Promise<void> =>
    retry((onProgress) => task(anySignal, onProgress), policy, anySignal, options.onRetry);

  /** Waits for all work. The first failure stops the rest, and is thrown when everything has stopped. */
  const runAll = async (work: readonly Promise<void>[]): Promise<void> => {
    const stopOthers = (error: unknown): void => {
      failure.abort(error);
    };
    await Promise.all(work.map((one) => one.catch(stopOthers)));
    if (signal.aborted) throw signal.reason;
    if (failure.signal.aborted) throw toFailure(failure.signal.reason);
  };

  await runAll(downloads.map((download) => attempt((one) => download.prepare(one))));
  options.onPrepared();
  const nextTask = (): Task | undefined => {
    for (const download of downloads) {
      const task = download.nextTask();
      if (task) return task;
    }
    return undefined;
  };
  const turns = createProgressSignal();
  const runLane = async (): Promise<void> => {
    while (!anySignal.aborted && downloads.some(({ isDone }) => !isDone)) {
      const turn = turns.next();
      const task = nextTask();
      if (!task) {
        await turn; // A step of another lane will make the next task possible.
        continue;
      }
      try {
        await attempt(async (one, onProgress) => {
          await task.attempt(one, () => {
            onProgress();
            turns.advance();
          });
        });
      } catch (error) {
        failure.abort(error); // This comes before the other lanes wake up, so that they begin nothing more.
      } finally {
        task.end();
        turns.advance();
      }
    }
  };
  await runAll(Array.from({ length: policy.parallel }, runLane));
}

/** A signal that wakes all waiting lanes after each step of any lane. */
function createProgressSignal(): { next(): Promise<void>; advance(): void } {
  let wake = (): void => undefined;
  let turn = Promise.resolve();
  const begin = (): void => {
    turn = new Promise((resolve) => {
      wake = resolve;
    });
  };
  begin();
  return {
    next: () => turn,
    advance() {
      wake();
      begin();
    },
  };
}

function toFailure(reason: unknown): unknown {
  return reason instanceof Interruption ? reason.failure : reason;
}
