/** What the stores fail of the contract that every store is held to, where the kit uses them: in a worker. */

import { createIndexedDbStore } from "../../packages/web/src/storage/indexed-db-store.ts";
import { createPrivateFileStore } from "../../packages/web/src/storage/private-file-store.ts";
import { openPrivateFiles } from "../../packages/web/src/storage/private-files.ts";
import { openWeightStore } from "../../packages/web/src/storage/open-stores.ts";
import { checkStore } from "../../packages/web/test/contracts/store.ts";

async function checkStores(): Promise<Record<string, string[]>> {
  const create = () => createIndexedDbStore(`contract-${crypto.randomUUID()}`);
  return {
    IndexedDB: await checkStore(create),
    "private files": await checkStore(() => {
      const files = openPrivateFiles(`contract-${crypto.randomUUID()}`);
      if (!files) throw new Error("This worker has no private files");
      return createPrivateFileStore(create(), files, Date.now);
    }),
    "private files with journals": await checkStore(() =>
      openWeightStore(`contract-${crypto.randomUUID()}`),
    ),
  };
}

void checkStores().then(postMessage);
