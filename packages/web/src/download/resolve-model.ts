/**
 * Turns a model of a branch or tag into the model of one commit, before its first byte is fetched. So all files have the
 * same version, and no file is a mixture of two.
 */

import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import { atCommit } from "../schema/model-source.ts";
import { agreeOnCommit, readCommit } from "../storage/known-commits.ts";
import type { Store } from "../storage/store.ts";
import { askForCommit, type AskOptions } from "./ask-for-commit.ts";

export interface ResolveOptions extends Omit<AskOptions, "fetch"> {
  readonly store: Store;
  /** Makes the requests. Undefined forbids every request. */
  readonly fetch: typeof fetch | undefined;
  /** Whether to ask the hub even if a commit is known, because the app wants the newest one. */
  readonly asksAnew: boolean;
  /** Whether every needed file of this model is stored. */
  readonly isStored: (model: ModelDescriptor) => Promise<boolean>;
}

/**
 * Returns the model at the commit that this browser knows. If none is known, the hub is asked, and its answer is stored. A
 * model without a source, or with requests forbidden, is returned unchanged.
 *
 * If the hub is asked again, the known commit stays until the caller replaces it, after the new files have arrived. If the
 * hub does not answer then, this is no error as long as the known commit is stored completely.
 *
 * @throws {VlmError} `download-failed`, `model-invalid`; the signal's reason when it aborts
 */
export async function resolveModel(
  model: ModelDescriptor,
  { store, fetch, asksAnew, isStored, ...options }: ResolveOptions,
): Promise<ModelDescriptor> {
  const { source } = model;
  if (!source) return model;
  const known = await readCommit(store, model);
  if (known !== undefined && (!asksAnew || !fetch)) return atCommit(model, known);
  if (!fetch) return model;
  if (known === undefined) {
    const commit = await askForCommit(source, { ...options, fetch });
    return atCommit(model, await agreeOnCommit(store, model, commit));
  }
  try {
    return atCommit(model, await askForCommit(source, { ...options, fetch }));
  } catch (error) {
    const stored = atCommit(model, known);
    if (VlmError.is(error, "download-failed") && (await isStored(stored))) return stored;
    throw error;
  }
}
