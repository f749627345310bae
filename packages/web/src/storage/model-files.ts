/**
 * A model's files: from the store where they are, else from the network and into the store. A file
 * is kept in chunks, because browsers fail on single values of hundreds of megabytes, and its record
 * is written last: chunks without a record do not count.
 */

import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor, ModelFile } from "../protocol/model-descriptor.ts";
import { downloadFile } from "./download.ts";
import type { Store } from "./store.ts";

const CHUNK_BYTES = 4 * 1024 * 1024;

interface FileRecord {
  readonly bytes: number;
  readonly chunks: number;
  /** As the descriptor gave it when the file was stored. */
  readonly sha256: string | undefined;
}

export interface ModelFiles {
  /**
   * The bytes of one file.
   *
   * @throws {VlmError} `download-failed`; an `AbortError` when `signal` aborts
   */
  read(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

export interface ModelFilesOptions {
  readonly model: ModelDescriptor;
  readonly store: Store;
  readonly signal: AbortSignal;
  /** Bytes of one file so far; `total` as soon as it is known exactly. */
  readonly onBytes: (path: string, loaded: number, total: number, isCached: boolean) => void;
  readonly onCacheHit: (path: string) => void;
  readonly onCacheMiss: (path: string) => void;
  readonly onDownloaded: (path: string, bytes: number, milliseconds: number) => void;
}

export function createModelFiles(options: ModelFilesOptions): ModelFiles {
  const { model, store, signal } = options;
  return {
    async read(path) {
      const file = model.files[path];
      if (!file) {
        throw new VlmError(
          "model-invalid",
          `The model's descriptor has no file ${path}. Add it to \`files\`.`,
          {
            file: path,
            reason: "not in the descriptor",
          },
        );
      }
      const key = fileKey(model, path);
      const cached = await readStored(store, key, file);
      if (cached) {
        options.onCacheHit(path);
        options.onBytes(path, cached.byteLength, cached.byteLength, true);
        return cached;
      }
      options.onCacheMiss(path);
      const startedAt = performance.now();
      const bytes = await downloadFile(file, signal, (loaded, total) => {
        options.onBytes(path, loaded, total, false);
      });
      options.onDownloaded(path, bytes.byteLength, performance.now() - startedAt);
      await writeStored(store, key, bytes, file.sha256);
      return bytes;
    },
  };
}

/** Where a file is kept: model, revision and path, so that revisions live side by side. */
function fileKey(model: ModelDescriptor, path: string): string {
  return `${model.id}@${model.revision}/${path}`;
}

async function readStored(
  store: Store,
  key: string,
  file: ModelFile,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const record = (await store.get(`${key}#record`)) as FileRecord | undefined;
  if (!record || record.sha256 !== file.sha256) return undefined;
  const bytes = new Uint8Array(record.bytes);
  let offset = 0;
  for (let index = 0; index < record.chunks; index++) {
    const chunk = (await store.get(`${key}#${String(index)}`)) as Uint8Array | undefined;
    // The browser may evict what it likes.
    if (!chunk || offset + chunk.byteLength > record.bytes) return undefined;
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return offset === record.bytes ? bytes : undefined;
}

async function writeStored(
  store: Store,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
  sha256: string | undefined,
): Promise<void> {
  await store.delete([`${key}#record`]);
  const chunks = Math.ceil(bytes.byteLength / CHUNK_BYTES);
  for (let index = 0; index < chunks; index++) {
    await store.set(
      `${key}#${String(index)}`,
      bytes.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES),
    );
  }
  await store.set(`${key}#record`, {
    bytes: bytes.byteLength,
    chunks,
    sha256,
  } satisfies FileRecord);
}
