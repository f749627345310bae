/**
 * Copies of the models' records, in private files. When a browser is killed, it sometimes loses the whole database, while
 * the private files with the weights stay. The journals tell what these files hold.
 *
 * Each model has a journal of its own, which goes when the model is removed. Lines are only added at its end.
 */

import { readLine, writeLine, type JournalEntry } from "./journal-line.ts";
import type { PrivateFiles } from "./private-files.ts";
import { sha256 } from "./sha256.ts";

/** The records that a journal holds, by key. */
export type JournalRecords = ReadonlyMap<string, unknown>;

export interface Journals {
  /** Adds a record to a journal. Resolves when it is flushed to the file. */
  write(owner: string, key: string, value: unknown): Promise<void>;
  /** Notes that records were deleted. */
  delete(owner: string, keys: readonly string[]): Promise<void>;
  /** Removes a whole journal. */
  remove(owner: string): Promise<void>;
  /** Removes all journals. */
  clear(): Promise<void>;
  /**
   * Calls `use` with the records of one journal, or of each. Nobody writes to the journal meanwhile. A journal without
   * records is removed.
   */
  read(owner: string | undefined, use: (records: JournalRecords) => Promise<void>): Promise<void>;
}

/** Runs work while no other worker runs work under the same name. */
export type Exclusively = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export function createJournals(files: PrivateFiles, exclusively: Exclusively): Journals {
  const append = async (name: string, entry: JournalEntry): Promise<void> => {
    await files.write(name, await writeLine(entry), "end");
  };

  return {
    async write(owner, key, value) {
      const name = await nameOf(owner);
      await exclusively(name, () => append(name, { key, value }));
    },
    async delete(owner, keys) {
      const name = await nameOf(owner);
      await exclusively(name, async () => {
        // A journal that was removed must not begin again with what is no longer there.
        if (!(await files.blob(name))) return;
        try {
          await append(name, { deleted: keys });
        } catch {
          await files.remove(name); // The disk is full, perhaps. No journal is better than one that is wrong.
        }
      });
    },
    async remove(owner) {
      const name = await nameOf(owner);
      await exclusively(name, () => files.remove(name));
    },
    async clear() {
      for (const { name } of await files.list()) await exclusively(name, () => files.remove(name));
    },
    async read(owner, use) {
      const names =
        owner === undefined ? (await files.list()).map(({ name }) => name) : [await nameOf(owner)];
      for (const name of names) {
        await exclusively(name, async () => {
          const file = await files.blob(name);
          if (!file) return;
          const records = await replay(await file.text());
          if (records.size > 0) await use(records);
          else await files.remove(name);
        });
      }
    },
  };
}

/** The last state of every record. Damaged lines are left out. */
async function replay(text: string): Promise<Map<string, unknown>> {
  const records = new Map<string, unknown>();
  for (const line of text.split("\n")) {
    const entry = await readLine(line);
    if (!entry) continue;
    if ("deleted" in entry) for (const key of entry.deleted) records.delete(key);
    else records.set(entry.key, entry.value);
  }
  return records;
}

/** A name of fixed length, because names of private files have letters and digits only. */
function nameOf(owner: string): Promise<string> {
  return sha256(new TextEncoder().encode(owner));
}
