/**
 * A store that writes each record about a model into a journal first, and into the store below it second. So whatever the
 * store has lost, the journals still have.
 */

import { ownerOf, isHeadOfOwner } from "./file-keys.ts";
import type { Journals } from "./journals.ts";
import { isQuotaError } from "./make-room.ts";
import type { Store } from "./store.ts";

export function createJournaledStore(store: Store, journals: Journals): Store {
  return {
    ...store,
    async set(key, value) {
      await write(key, value);
      await store.set(key, value);
    },
    async update(key, change) {
      const state: { before?: unknown; after?: unknown } = {};
      await store.update(key, (value) => {
        state.before = value;
        state.after = change(value);
        return state.after;
      });
      // Later updates change only when a model was last used. Most visits make one, and so write to no journal.
      if (state.before === undefined && state.after !== undefined) await write(key, state.after);
    },
    async delete(keys) {
      for (const [owner, owned] of groupByOwner(keys)) {
        const isGone = owned.some(isHeadOfOwner);
        await orWithout(isGone ? journals.remove(owner) : journals.delete(owner, owned));
      }
      await store.delete(keys);
    },
    async clear() {
      await orWithout(journals.clear());
      await store.clear();
    },
  };

  async function write(key: string, value: unknown): Promise<void> {
    const owner = ownerOf(key);
    if (owner !== undefined) await orWithout(journals.write(owner, key, value));
  }
}

/** Goes on without a journal where private files refuse one. Errors for lack of room are for others to solve. */
async function orWithout(writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!(error instanceof DOMException) || isQuotaError(error)) throw error;
  }
}

function groupByOwner(keys: readonly string[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const key of keys) {
    const owner = ownerOf(key);
    if (owner !== undefined) groups.set(owner, [...(groups.get(owner) ?? []), key]);
  }
  return groups;
}
