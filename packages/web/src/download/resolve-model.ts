/**
 * A model of a branch or tag becomes the model of one commit, before its first byte is fetched: no file
 * is of another version than the others, and none consists of two.
 */

import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import { atCommit } from "../schema/model-source.ts";
import { agreeOnCommit, readCommit } from "../storage/known-commits.ts";
import type { Store } from "../storage/store.ts";
import { askForCommit, type AskOptions } from "./ask-for-commit.ts";

export interface ResolveOptions extends Omit<AskOptions, "fetch"> {
  readonly store: Store;
  /** Undefined forbids every request. */
  readonly fetch: typeof fetch | undefined;
  /** Asks the hub also where a commit is known: the app wants what is there now. */
  readonly asksAnew: boolean;
  /** Whether all that is needed of this model is stored. */
  readonly isStored: (model: ModelDescriptor) => Promise<boolean>;
}

/**
 * The model at the commit that this browser knows, else at the one that the hub names, which is then
 * known. A model without a source, or that nobody may ask for, stays as it is.
 *
 * When the hub is asked anew, what is known stays known until the caller moves it, after the new files
 * have arrived. A hub that cannot be reached then is no error where all of the known commit is stored.
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
