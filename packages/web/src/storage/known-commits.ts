/**
 * Which commit a model's branch or tag is at, as this browser found out once: downloads, resumed ones
 * and visits without a network all go by it, in every tab.
 */

import { isCommit } from "../schema/manifest-fields.ts";
import { COMMIT_PREFIX, commitKey, modelKey, type ModelKey } from "./file-keys.ts";
import type { Store } from "./store.ts";

/** A model by the name of its branch or tag. */
interface NamedModel {
  readonly id: string;
  readonly revision: string;
}

/** The commit that is known; undefined where none is. */
export async function readCommit(store: Store, model: NamedModel): Promise<string | undefined> {
  const value = await store.get(commitKey(modelKey(model)));
  return isCommit(value) ? value : undefined;
}

/**
 * Stores a commit where none is known.
 *
 * @returns the one that counts: another tab may have been first, when the branch was elsewhere
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

/** From now on the branch or tag means another commit here. */
export async function moveToCommit(store: Store, model: NamedModel, commit: string): Promise<void> {
  await store.set(commitKey(modelKey(model)), commit);
}

/** The keys of all branches and tags that mean `model`: with its files they go. */
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
