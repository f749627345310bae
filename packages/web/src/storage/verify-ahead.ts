/**
 * Verifies stored files in a second worker, while this worker prepares other things. A browser hashes on the thread that
 * asks for the hash, and creating a session keeps that thread busy for a second.
 */

import { fileIdOf, type FileKey } from "./file-keys.ts";
import type { FileRecord } from "./file-record.ts";
import type { FileStore } from "./file-store.ts";
import { isIntact } from "./read-file.ts";

export interface StoredFile {
  readonly file: FileKey;
  readonly record: FileRecord;
}

export interface VerificationAhead {
  /** The file store, whose files use the verdicts. */
  readonly files: FileStore;
  /** Starts to verify these files, in the order in which they will be opened. Called once. */
  begin(databaseName: string, stored: readonly StoredFile[]): Promise<void>;
  /** Ends the helper. Files that are opened later are verified when they are opened. */
  end(): void;
}

/** A request to the helper to verify files. */
interface VerifyRequest {
  readonly databaseName: string;
  readonly stored: readonly StoredFile[];
}

/** A message of the helper: first that it is ready, then for each file whether it is intact, if it could find out. */
type Report =
  | { readonly type: "ready" }
  | { readonly type: "verified"; readonly fileId: string; readonly verdict: Verdict };

/** Whether a file is intact. Undefined if the helper could not find out; the file is then verified when it is opened. */
type Verdict = boolean | undefined;

/** The name of a worker that serves {@link serveVerification} instead of a page. */
export const VERIFIER_NAME = "fastvlm-kit/verifier";

/** With fewer bytes than this, no helper is started, because they are verified before it is ready. */
const MIN_BYTES = 32 * 2 ** 20;

/** How long to wait for the first message of the helper, in milliseconds. */
const READY_WITHIN_MS = 250;

/** One end of a channel for messages. */
interface MessageEnd {
  onmessage: ((event: MessageEvent) => unknown) | null;
  postMessage(message: unknown): void;
}

/** The part of the helper that is used here. */
export interface Verifier extends MessageEnd {
  onerror: ((event: ErrorEvent) => unknown) | null;
  terminate(): void;
}

export interface VerificationAheadOptions {
  readonly files: FileStore;
  /** Starts the helper. Throws if workers cannot start workers. */
  readonly startHelper: () => Verifier;
  readonly minBytes?: number;
}

export function createVerificationAhead({
  files,
  startHelper,
  minBytes = MIN_BYTES,
}: VerificationAheadOptions): VerificationAhead {
  const verifications = new Map<string, Verification>();
  let isReady: Promise<boolean> = Promise.resolve(false);
  let helper: Verifier | undefined;

  const end = (): void => {
    helper?.terminate();
    for (const { settle } of verifications.values()) settle(undefined);
  };

  const ask = (started: Verifier, order: VerifyRequest): void => {
    helper = started;
    isReady = new Promise((resolve) => {
      started.onmessage = ({ data }: MessageEvent<Report>) => {
        if (data.type === "ready") resolve(true);
        else verifications.get(data.fileId)?.settle(data.verdict);
      };
      started.onerror = (event) => {
        event.preventDefault();
        resolve(false);
        end();
      };
    });
    started.postMessage(order);
  };

  /** Returns a verdict once. When the file is opened again, it has to be verified again. */
  const takeVerdict = async (fileId: string): Promise<KnownVerdict | undefined> => {
    const verification = verifications.get(fileId);
    if (!verification) return undefined;
    if (!(await Promise.race([isReady, isLate()]))) end();
    const verdict = await verification.verdict;
    verifications.delete(fileId);
    return { verdict, shards: verification.shards };
  };

  return {
    files: {
      ...files,
      async openFile(file) {
        // Awaited before the file is opened, because in some browsers only one worker at a time can open a file.
        const known = await takeVerdict(fileIdOf(file));
        const opened = await files.openFile(file);
        if (!opened || !known) return opened;
        const isIntact = ({ shards }: FileRecord): Verdict =>
          shards.join() === known.shards.join() ? known.verdict : undefined;
        return { ...opened, isIntact };
      },
    },
    async begin(databaseName, stored) {
      const bytes = stored.reduce((sum, { record }) => sum + record.bytes, 0);
      const first = stored[0] && bytes >= minBytes && (await files.openFile(stored[0].file));
      if (!first) return; // There is too little to verify, or the file cannot be read in one piece.
      first.close();
      for (const { file, record } of stored) {
        verifications.set(fileIdOf(file), createVerification(record.shards));
      }
      const started = startOrUndefined(startHelper);
      if (started) ask(started, { databaseName, stored });
      else end();
    },
    end,
  };
}

/** The verdict about a file, with the hashes that it was compared with, because another tab may store other hashes. */
interface KnownVerdict {
  readonly verdict: Verdict;
  readonly shards: readonly string[];
}

/** A file that the helper was asked to verify. */
interface Verification {
  readonly shards: readonly string[];
  readonly verdict: Promise<Verdict>;
  readonly settle: (verdict: Verdict) => void;
}

function createVerification(shards: readonly string[]): Verification {
  let settle: Verification["settle"];
  const verdict = new Promise<Verdict>((resolve) => {
    settle = resolve;
  });
  return { shards, verdict, settle: settle! };
}

/** Starts the helper. Some browsers have no workers in workers, and a policy of the page may forbid this one. */
function startOrUndefined(startHelper: () => Verifier): Verifier | undefined {
  try {
    return startHelper();
  } catch (error) {
    if (error instanceof DOMException || error instanceof ReferenceError) return undefined;
    throw error;
  }
}

async function isLate(): Promise<false> {
  await new Promise((resolve) => setTimeout(resolve, READY_WITHIN_MS));
  return false;
}

/**
 * The helper's side. It runs in a worker with the name {@link VERIFIER_NAME}.
 *
 * @param scope the worker's globals
 * @param openFiles opens the files of a database
 */
export function serveVerification(
  scope: MessageEnd,
  openFiles: (databaseName: string) => FileStore,
): void {
  const report = (message: Report): void => {
    scope.postMessage(message);
  };
  scope.onmessage = async ({ data }: MessageEvent<VerifyRequest>) => {
    const files = openFiles(data.databaseName);
    for (const stored of data.stored) {
      const verdict = await verify(files, stored).catch(() => undefined);
      report({ type: "verified", fileId: fileIdOf(stored.file), verdict });
    }
  };
  report({ type: "ready" });
}

async function verify(files: FileStore, { file, record }: StoredFile): Promise<Verdict> {
  const opened = await files.openFile(file);
  try {
    return opened && (await isIntact(opened, record));
  } finally {
    opened?.close();
  }
}
