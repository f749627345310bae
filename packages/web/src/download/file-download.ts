/**
 * Downloads one file into the store. It knows which shards are missing, groups them into runs with one request each, and
 * starts again when the server turns out to have another file.
 */

import type { FileKey } from "../storage/file-keys.ts";
import { countShards, shardLength, type FilePlan } from "../storage/file-record.ts";
import { SHARD_BYTES, type FileStore, type FileTrust } from "../storage/file-store.ts";
import { readShards } from "../storage/read-file.ts";
import { sha256, sha256OfParts } from "../storage/sha256.ts";
import type { ModelFile } from "../protocol/model-descriptor.ts";
import { downloadFailed, Interruption } from "./interruption.ts";
import type { RangeAnswer } from "./range-answer.ts";
import { requestRange, type RangeRequest } from "./request.ts";

/** Consecutive shards for one request, from `first` up to and with `last`. */
interface Run {
  readonly first: number;
  readonly last: number;
}

/** 64 MiB with shards of 4 MiB. So there are few requests, and every lane has work until near the end. */
const MAX_RUN_SHARDS = 16;

/**
 * A browser that does not treat `Range` as a simple header sends a preflight first. File hosts refuse it, which looks
 * like a missing network. After this number of requests the whole file is asked for, without `Range`.
 */
const MAX_UNANSWERED = 2;

export interface FileDownloadOptions {
  readonly key: FileKey;
  readonly file: ModelFile;
  readonly files: FileStore;
  readonly fetch: typeof fetch;
  readonly stallTimeoutMs: number;
  /** Called when bytes have arrived, or were found to be wrong and were removed. */
  readonly onChange: () => void;
  /** Called when bytes had a wrong hash. They are removed. */
  readonly onCorrupted: () => void;
  /** Called when the server sends all of a file of several shards, although a part was asked for. */
  readonly onNoRanges: () => void;
}

/** A step that can be repeated. It calls `onProgress` after each stored shard. */
type Attempt = (signal: AbortSignal, onProgress: () => void) => Promise<void>;

/** A piece of work for one lane. It belongs to that lane until `end` is called. */
export interface Task {
  readonly attempt: Attempt;
  end(): void;
}

export class FileDownload {
  readonly #options: FileDownloadOptions;
  readonly #stored = new Map<number, string>();
  /** How many bytes of each incomplete shard have arrived, by shard. */
  readonly #arriving = new Map<number, number>();
  #plan: FilePlan = { bytes: 0, shardBytes: SHARD_BYTES, etag: undefined, sha256: undefined };
  #trust: FileTrust | undefined;
  #runs: Run[] = [];
  #acceptsRanges: boolean | undefined;
  /** How many requests for ranges got no answer at all, in a row. */
  #unanswered = 0;
  /** Whether the size is known. If not, `#plan.bytes` is a guess until the end of the file has arrived. */
  #isSizeKnown = false;
  #activeTasks = 0;
  #mustRestart = false;
  #hasRestarted = false;
  #isDone = false;

  constructor(options: FileDownloadOptions) {
    this.#options = options;
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  get url(): string {
    return this.#options.file.url;
  }

  /** The size of the file in bytes. It is exact after `prepare`, if the server reports it. */
  get totalBytes(): number {
    return this.#plan.bytes;
  }

  /** Bytes that are stored or have arrived. */
  get loadedBytes(): number {
    let bytes = 0;
    for (const index of this.#stored.keys()) bytes += shardLength(this.#plan, index);
    for (const arrived of this.#arriving.values()) bytes += arrived;
    return bytes;
  }

  /**
   * Finds out the size of the file and which shards are stored already. It asks the server for the size only if neither
   * the manifest nor an earlier download tells it.
   */
  async prepare(signal: AbortSignal): Promise<void> {
    const { file, files, key } = this.#options;
    const isPinned = file.sha256 !== undefined || file.shards !== undefined;
    this.#trust = isPinned ? undefined : await files.readTrust(key);
    const known = file.shards ?? this.#trust;
    const plan: FilePlan = {
      bytes: this.#trust?.bytes ?? file.bytes,
      shardBytes: file.shards?.bytes ?? this.#trust?.shardBytes ?? SHARD_BYTES,
      etag: undefined,
      sha256: file.sha256,
    };
    this.#isSizeKnown = known !== undefined || file.isApproximate !== true;
    const begun = await files.begin(
      key,
      this.#isSizeKnown ? plan : await this.#probe(plan, signal),
    );
    this.#plan = begun.plan;
    this.#stored.clear();
    for (const [index, hash] of begun.shards) {
      if (this.#isExpected(index, hash)) this.#stored.set(index, hash);
    }
    this.#planRuns();
    this.#options.onChange();
  }

  /** The next task; undefined while it depends on tasks that are still running. */
  nextTask(): Task | undefined {
    if (this.#isDone) return undefined;
    if (this.#activeTasks > 0 && (this.#mustRestart || this.#acceptsRanges !== true)) {
      return undefined;
    }
    if (this.#mustRestart) return this.#begin((signal) => this.#restart(signal));
    if (this.#runs.length === 0 && this.#activeTasks === 0 && !this.#isComplete) this.#planRuns();
    const run = this.#runs.shift();
    if (run) {
      return this.#begin((signal, onProgress) => this.#fetchRun(run, signal, onProgress));
    }
    return this.#activeTasks === 0 ? this.#begin(() => this.#finish()) : undefined;
  }

  get #isComplete(): boolean {
    return this.#isSizeKnown && this.#stored.size >= countShards(this.#plan);
  }

  #begin(step: Attempt): Task {
    this.#activeTasks += 1;
    return {
      attempt: async (signal, onProgress) => {
        try {
          await step(signal, onProgress);
        } catch (error) {
          if (!(error instanceof Interruption) || error.kind !== "changed") throw error;
          this.#onChanged(error);
        }
      },
      end: () => {
        this.#activeTasks -= 1;
      },
    };
  }

  /** Asks for the first byte, because the answer tells the size of the file. */
  async #probe(plan: FilePlan, signal: AbortSignal): Promise<FilePlan> {
    let answer: RangeAnswer;
    try {
      answer = await this.#ask({ first: 0, last: 0 }, signal);
    } catch (error) {
      // There is no first byte: the file is empty, or the server does not support ranges.
      if (!(error instanceof Interruption) || error.kind !== "changed") throw error;
      this.#acceptsRanges = false;
      return plan;
    }
    answer.cancel();
    // The length of a whole answer may be that of compressed bytes, and another origin may hide that.
    this.#isSizeKnown = !answer.isWhole && answer.totalBytes !== undefined;
    if (!this.#isSizeKnown) this.#acceptsRanges = false;
    return { ...plan, bytes: answer.totalBytes ?? plan.bytes, etag: answer.etag };
  }

  /** Asks for a range, or for the whole file if the server does not support ranges. */
  async #ask(range: RangeRequest["range"], signal: AbortSignal): Promise<RangeAnswer> {
    const { file, fetch, stallTimeoutMs } = this.#options;
    const isRanged = this.#acceptsRanges ?? this.#unanswered < MAX_UNANSWERED;
    const asked = isRanged ? range : undefined;
    const request = { file, range: asked, etag: this.#plan.etag, signal, stallTimeoutMs, fetch };
    try {
      return await requestRange(request);
    } catch (error) {
      // Without a network the whole file does not arrive either. Then ranges are tried again.
      if (error instanceof Interruption && error.isUnanswered) {
        this.#unanswered = isRanged ? this.#unanswered + 1 : 0;
      }
      throw error;
    }
  }

  /** Asks for a range. If the server refuses with 416 and has never served a range, asks for the whole file. */
  async #askOrTakeWhole(range: RangeRequest["range"], signal: AbortSignal): Promise<RangeAnswer> {
    try {
      return await this.#ask(range, signal);
    } catch (error) {
      const isRefused = error instanceof Interruption && error.kind === "changed";
      if (!isRefused || this.#acceptsRanges !== undefined) throw error;
      this.#acceptsRanges = false;
      return this.#ask(undefined, signal);
    }
  }

  #planRuns(): void {
    const count = countShards(this.#plan);
    if (this.#acceptsRanges === false) {
      this.#runs = this.#isComplete ? [] : [{ first: 0, last: Math.max(0, count - 1) }];
      return;
    }
    this.#runs = [];
    for (let index = 0; index < count; index++) {
      if (this.#stored.has(index)) continue;
      const run = this.#runs.at(-1);
      const continues = run?.last === index - 1 && index - run.first < MAX_RUN_SHARDS;
      if (continues) this.#runs[this.#runs.length - 1] = { first: run.first, last: index };
      else this.#runs.push({ first: index, last: index });
    }
  }

  async #fetchRun(run: Run, signal: AbortSignal, onProgress: () => void): Promise<void> {
    let first = run.first;
    while (first <= run.last && this.#stored.has(first)) first++;
    if (first > run.last && this.#acceptsRanges !== false) return; // An earlier attempt has fetched everything.
    const start = first * this.#plan.shardBytes;
    const end = run.last * this.#plan.shardBytes + shardLength(this.#plan, run.last) - 1;
    const answer = await this.#askOrTakeWhole({ first: start, last: end }, signal);
    try {
      await this.#assertSame(answer);
      if (!answer.isWhole) {
        this.#acceptsRanges = true;
        await this.#readShards(answer, first, run.last, onProgress);
      } else if (this.#activeTasks > 1) {
        // The server has stopped serving ranges, while other requests for ranges are still running.
        this.#acceptsRanges = false;
        this.#planRuns();
      } else {
        const isNews = this.#acceptsRanges !== false;
        this.#acceptsRanges = false;
        this.#runs = [];
        if (isNews && this.#isLarge) this.#options.onNoRanges();
        await this.#readWhole(answer, onProgress).catch((error: unknown) => {
          throw this.#isLarge ? withoutRanges(this.#options.file, error) : error;
        });
      }
    } finally {
      answer.cancel();
      for (const index of this.#arriving.keys()) {
        if (answer.isWhole || (index >= first && index <= run.last)) this.#arriving.delete(index);
      }
    }
  }

  /** Whether ranges would save something when the download breaks off. */
  get #isLarge(): boolean {
    return countShards(this.#plan) > 1;
  }

  /** @throws {Interruption} `changed` when the answer belongs to another file than the first answer did */
  async #assertSame({ etag, totalBytes, isWhole }: RangeAnswer): Promise<void> {
    const { file, files, key } = this.#options;
    // The length of a whole answer may be that of compressed bytes, so its bytes are counted when they arrive.
    if (!isWhole && totalBytes !== undefined && totalBytes !== this.#plan.bytes) {
      throw new Interruption(
        "changed",
        downloadFailed(
          file,
          "length",
          `has ${String(totalBytes)} bytes instead of ${String(this.#plan.bytes)}`,
        ),
      );
    }
    const known = this.#plan.etag;
    if (etag === undefined || etag === known) return;
    const isHeldByHashes = (file.shards ?? this.#trust) !== undefined;
    if (known !== undefined && !isHeldByHashes) {
      throw new Interruption(
        "changed",
        downloadFailed(file, "integrity", "changed on the server while it arrived"),
      );
    }
    this.#plan = { ...this.#plan, etag };
    await files.savePlan(key, this.#plan);
  }

  /** Stores shards from `first` to `last` as their bytes arrive. */
  async #readShards(
    answer: RangeAnswer,
    first: number,
    last: number,
    onProgress: () => void,
  ): Promise<void> {
    let index = first;
    let buffer = new Uint8Array(shardLength(this.#plan, index));
    let filled = 0;
    while (index <= last) {
      let chunk = await answer.read();
      if (!chunk) {
        throw new Interruption(
          "transient",
          downloadFailed(this.#options.file, "length", "ended early"),
        );
      }
      while (chunk.byteLength > 0 && index <= last) {
        const taken = chunk.subarray(0, buffer.byteLength - filled);
        buffer.set(taken, filled);
        filled += taken.byteLength;
        chunk = chunk.subarray(taken.byteLength);
        this.#arriving.set(index, filled);
        if (filled < buffer.byteLength) break;
        await this.#store(index, buffer);
        onProgress();
        index += 1;
        filled = 0;
        if (index <= last) buffer = new Uint8Array(shardLength(this.#plan, index));
      }
      this.#options.onChange();
    }
  }

  /** Reads the whole file, from a server without ranges. Its length may be known only at the end. */
  async #readWhole(answer: RangeAnswer, onProgress: () => void): Promise<void> {
    const { file } = this.#options;
    const { shardBytes } = this.#plan;
    let buffer = new Uint8Array(shardBytes);
    let [index, filled] = [0, 0];
    const storeNext = async (shard: Uint8Array<ArrayBuffer>): Promise<void> => {
      const isNew = !this.#stored.has(index);
      await this.#store(index, shard);
      if (isNew) onProgress(); // Shards that an earlier attempt has stored are no progress.
    };
    for (let chunk = await answer.read(); chunk; chunk = await answer.read()) {
      while (chunk.byteLength > 0) {
        const taken = chunk.subarray(0, shardBytes - filled);
        buffer.set(taken, filled);
        filled += taken.byteLength;
        chunk = chunk.subarray(taken.byteLength);
        this.#growTo(index * shardBytes + filled);
        this.#arriving.set(index, this.#stored.has(index) ? 0 : filled);
        if (filled < shardBytes) continue;
        await storeNext(buffer);
        index += 1;
        filled = 0;
        buffer = new Uint8Array(shardBytes);
      }
      this.#options.onChange();
    }
    const bytes = index * shardBytes + filled;
    const wanted = this.#isSizeKnown ? this.#plan.bytes : (answer.totalBytes ?? 0);
    if (bytes < wanted) {
      const what = `brought ${String(bytes)} of ${String(wanted)} bytes`;
      const isAllThereIs = answer.totalBytes !== undefined && answer.totalBytes <= bytes;
      const kind = isAllThereIs ? "permanent" : "transient";
      throw new Interruption(kind, downloadFailed(file, "length", what));
    }
    if (filled > 0) await storeNext(buffer.slice(0, filled));
    this.#plan = { ...this.#plan, bytes };
    this.#isSizeKnown = true;
    for (const stale of this.#stored.keys()) {
      if (stale >= countShards(this.#plan)) this.#stored.delete(stale);
    }
  }

  /** Called when more bytes have arrived than expected. Corrects a guessed size, or throws if the size was known. */
  #growTo(bytes: number): void {
    if (bytes <= this.#plan.bytes) return;
    if (this.#isSizeKnown) {
      const what = `brought more than ${String(this.#plan.bytes)} bytes`;
      throw new Interruption("permanent", downloadFailed(this.#options.file, "length", what));
    }
    this.#plan = { ...this.#plan, bytes };
  }

  async #store(index: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { files, key, file } = this.#options;
    const hash = await sha256(bytes);
    const expected = this.#expected(index);
    if (expected !== undefined && hash !== expected) throw wrongBytes(file, expected, hash);
    if (this.#stored.get(index) !== hash)
      await files.putShard(key, { index, sha256: hash }, bytes, this.#plan);
    this.#stored.set(index, hash);
    this.#arriving.delete(index);
  }

  #expected(index: number): string | undefined {
    return this.#options.file.shards?.sha256[index] ?? this.#trust?.shards[index];
  }

  #isExpected(index: number, hash: string): boolean {
    const expected = this.#expected(index);
    return index < countShards(this.#plan) && (expected === undefined || expected === hash);
  }

  /** Starts again, once: from the first byte if no hashes are known, otherwise only with the wrong shards. */
  #onChanged(error: Interruption): void {
    if (this.#mustRestart) return; // Another task of this file has noticed it first.
    if (error.failure.details.reason === "integrity") this.#options.onCorrupted();
    if (this.#hasRestarted) throw new Interruption("permanent", error.failure);
    this.#mustRestart = true;
    this.#runs = [];
  }

  async #restart(signal: AbortSignal): Promise<void> {
    this.#mustRestart = false;
    this.#hasRestarted = true;
    const { file, files, key } = this.#options;
    const isHeldByHashes = (file.shards ?? this.#trust) !== undefined;
    if (!isHeldByHashes) await files.remove(key);
    this.#acceptsRanges = undefined;
    await this.prepare(signal);
  }

  async #finish(): Promise<void> {
    const { file, files, key } = this.#options;
    const { bytes, shardBytes } = this.#plan;
    const shards = Array.from({ length: countShards(this.#plan) }, (_, index) =>
      this.#stored.get(index)!,
    );
    const record = { bytes, shardBytes, shards, sha256: file.sha256 };
    if (file.sha256 !== undefined && !file.shards) {
      const hash = await this.#hashWhole(shards);
      if (hash !== file.sha256) {
        await files.remove(key);
        throw wrongBytes(file, file.sha256, hash);
      }
    }
    if (file.sha256 === undefined && !this.#trust) await files.trust(key, record);
    await files.commit(key, record);
    this.#isDone = true;
  }

  /** Reads the stored file again if the hash of the whole cannot be computed from the hashes of its shards. */
  async #hashWhole(shards: readonly string[]): Promise<string> {
    if (shards.length === 1) return shards[0]!;
    const { files, key } = this.#options;
    const record = { ...this.#plan, shards };
    return sha256OfParts(
      (async function* () {
        for await (const { shard } of readShards(files, key, record)) if (shard) yield shard.bytes;
      })(),
    );
  }
}

/** A download that broke off, and that has to begin again because its server sends whole files only. */
function withoutRanges(file: ModelFile, error: unknown): unknown {
  if (!(error instanceof Interruption) || error.kind !== "transient") return error;
  const { reason } = error.failure.details;
  if (reason === "offline") return error;
  const { cause } = error.failure;
  return new Interruption(
    "transient",
    downloadFailed(file, "no-ranges", "broke off and cannot go on", { cause }),
  );
}

function wrongBytes(file: ModelFile, expectedSha256: string, actualSha256: string): Interruption {
  const isPinned = file.sha256 !== undefined || file.shards !== undefined;
  const failure = downloadFailed(
    file,
    "integrity",
    `brought other bytes than its hash promises: expected SHA-256 ${expectedSha256}, got ${actualSha256}`,
    { expectedSha256, actualSha256, ...(isPinned && { advice: PIN_ANOTHER }) },
  );
  return new Interruption("changed", failure);
}

const PIN_ANOTHER =
  "Nothing of it is used. If the repository has changed, pin the revision that you mean (`fastvlm-pin`); files of your own need a `revision` of their own.";
