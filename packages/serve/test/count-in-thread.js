// Adds to a number in a store, as one of several threads.

import { register } from "tsx/esm/api";
import { workerData } from "node:worker_threads";

register();
const { createFolderStore } = await import("../src/disk/folder-store.ts");
const { folder, times } = workerData;
const store = createFolderStore(folder);
await Promise.all(
  Array.from({ length: times }, () => store.update("count", (value = 0) => value + 1)),
);
