/** Adds the files of one variant up to one progress. */

import {
  filesOfVariant,
  type ModelDescriptor,
  type ModelVariant,
} from "../protocol/model-descriptor.ts";
import type { DownloadProgress } from "../protocol/result.ts";

interface FileProgress {
  readonly loaded: number;
  readonly total: number;
  readonly cached: number;
}

/** @returns to be called with the bytes of one file so far */
export function createProgress(
  model: ModelDescriptor,
  variant: ModelVariant,
  report: (progress: DownloadProgress) => void,
): (path: string, loaded: number, total: number, isCached: boolean) => void {
  const files = new Map<string, FileProgress>(
    filesOfVariant(variant).map((path) => [
      path,
      { loaded: 0, total: model.files[path]?.bytes ?? 0, cached: 0 },
    ]),
  );
  return (path, loaded, total, isCached) => {
    files.set(path, { loaded, total, cached: isCached ? loaded : 0 });
    const all = [...files.values()];
    report({
      file: path,
      loadedBytes: sum(all, "loaded"),
      totalBytes: sum(all, "total"),
      cachedBytes: sum(all, "cached"),
    });
  };
}

function sum(files: readonly FileProgress[], field: keyof FileProgress): number {
  return files.reduce((total, file) => total + file[field], 0);
}
