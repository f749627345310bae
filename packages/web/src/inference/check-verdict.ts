/**
 * Stores what the first load of a model found out on this device, so that later loads need not find it out again. The
 * verdict is stored under the model's revision, and is deleted together with it.
 */

import type { DecoderForm } from "../protocol/result.ts";
import { readStored } from "../schema/read.ts";
import { checkVerdict } from "../schema/stored.ts";
import { modelKey, verdictKey } from "../storage/file-keys.ts";
import type { Store } from "../storage/store.ts";
import type { RefusedForm } from "./choose-decoder.ts";

export interface CheckVerdict {
  /** The form to load. */
  readonly form: DecoderForm;
  readonly refused: readonly RefusedForm[];
  /** Whether the device passed its check in this form, and the form is the fastest one that did. */
  readonly isSettled: boolean;
}

export interface VerdictStore {
  /** The stored verdict; undefined if there is none, or if it is for other files, another device or another kit. */
  read(): Promise<CheckVerdict | undefined>;
  write(verdict: CheckVerdict): Promise<void>;
}

export interface VerdictSubject {
  readonly model: { readonly id: string; readonly revision: string };
  readonly variant: string;
  /**
   * Names everything that the checks depend on: files, expected numbers, rewrites, runtime, adapter. A verdict counts only if
   * it is equal.
   */
  readonly circumstances: string;
}

interface StoredVerdict extends CheckVerdict {
  readonly circumstances: string;
}

export function createVerdictStore(
  store: Pick<Store, "get" | "set">,
  { model, variant, circumstances }: VerdictSubject,
): VerdictStore {
  const key = verdictKey(modelKey(model), variant);
  return {
    async read() {
      const stored = readStored(checkVerdict, await store.get(key));
      if (stored?.circumstances !== circumstances) return undefined;
      const refused = stored.refused.map((one) => ({ likeness: undefined, ...one }));
      return { form: stored.form, refused, isSettled: stored.isSettled };
    },
    write: ({ form, refused, isSettled }) =>
      store.set(key, { form, refused, isSettled, circumstances } satisfies StoredVerdict),
  };
}
