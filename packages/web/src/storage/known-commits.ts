/**
 * Stores which commit a model's branch or tag was at when the hub was asked. All downloads and all visits without a
 * network use this commit, in every tab.
 */

import { isCommit } from "../schema/manifest-fields.ts";
import { COMMIT_PREFIX, commitKey, modelKey, type ModelKey } from "./file-keys.ts";
import type { Store } from "./store.ts";

/** A model, named by its branch or tag. */
interface NamedModel {
  readonly id: string;
  readonly revision: string;
}

/** The stored commit; undefined if there is none. */
export async function readCommit(store: Store, model: NamedModel): Promise<string | undefined> {
  const value = await store.get(commitKey(modelKey(model)));
  return isCommit(value) ? value : undefined;
}

/**
 * Stores a commit if none is stored.
 *
 * @returns the stored commit; another tab may have been first, and may have seen the branch at another commit
 */
export async function agreeOnCommit(
  store: Store,
  model: NamedModel,
  commit: string,
): Promise<string> {
  let agreed = commit;
  await store.update(commitKey(modelKey(model)), (known) => {
    agreed = isCommit(known) ? known : commit;
    return agreed;
  });
  return agreed;
}

/** Stores another commit for the branch or tag. */
export async function moveToCommit(store: Store, model: NamedModel, commit: string): Promise<void> {
  await store.set(commitKey(modelKey(model)), commit);
}

/** The keys of all branches and tags that stand for `model`. They are deleted together with its files. */
export async function listBranchesOf(
  store: Store,
  model: ModelKey,
  keys: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  const id = model.slice(0, model.lastIndexOf("@"));
  for (const key of keys) {
    if (!key.startsWith(`${COMMIT_PREFIX}${id}@`)) continue;
    const commit = await store.get(key);
    if (isCommit(commit) && `${id}@${commit}` === model) found.push(key);
  }
  return found;
}
