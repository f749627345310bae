/**
 * Keeps models in a folder between starts. Answers and features of images stay in memory: they are what people have shown to
 * the server.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createPrivateFileStore,
  openStoresOn,
  privateFileNameOf,
  type OpenStores,
} from "@fastvlm-kit/web/host";
import type { ModelDescriptor } from "@fastvlm-kit/web";
import { createDiskFiles } from "./disk-files.ts";
import { createFolderStore } from "./folder-store.ts";

/** Where models are kept. It crosses to a thread. */
export interface DiskPlace {
  readonly folder: string;
  /** Files of a model that are on this machine already. They are not copied. */
  readonly local: readonly LocalFile[];
}

interface LocalFile {
  readonly model: { readonly id: string; readonly revision: string };
  readonly path: string;
  /** Its place on this machine. */
  readonly at: string;
}

export function toDiskPlace(folder: string, model: ModelDescriptor): DiskPlace {
  const { id, revision, files } = model;
  const local = Object.entries(files)
    .filter(([, { url }]) => url.startsWith("file:"))
    .map(([path, { url }]) => ({ model: { id, revision }, path, at: fileURLToPath(url) }));
  return { folder, local };
}

export function createDiskStores({ folder, local }: DiskPlace): OpenStores {
  return async (options) => {
    const named = await Promise.all(
      local.map(async ({ model, path, at }) => [await privateFileNameOf(model, path), at] as const),
    );
    const files = createDiskFiles(join(folder, "files"), new Map(named));
    const records = createFolderStore(join(folder, "records"));
    return openStoresOn({ models: createPrivateFileStore(records, files, Date.now) }, options);
  };
}
