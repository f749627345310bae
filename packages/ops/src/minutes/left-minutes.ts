/**
 * The minutes of a page that is being left. WebKit ends the transactions of such a page, so that what it writes to IndexedDB is
 * lost. `localStorage` is written at once. The next page of the origin that reads or stores moves the minutes to IndexedDB.
 */

import { readMinuteRecord, type MinuteRecord } from "./minute-record.ts";

export interface LeftMinutes {
  keep(record: MinuteRecord): void;
  /** Of all tabs. A damaged record is removed. */
  list(): readonly MinuteRecord[];
  remove(record: Pick<MinuteRecord, "minute" | "tab">): void;
}

/** The part of a page's `localStorage` that is used here. */
export type PageStorage = Pick<Storage, "length" | "key" | "getItem" | "setItem" | "removeItem">;

/**
 * @param name of the database into which the minutes go afterwards
 * @param openStorage may throw, as `localStorage` does where the user forbids it
 * @returns none of whose methods throws
 */
export function createLeftMinutes(
  name: string,
  openStorage: () => PageStorage = () => localStorage,
): LeftMinutes {
  const prefix = `${name}|`;
  const keyOf = ({ minute, tab }: Pick<MinuteRecord, "minute" | "tab">): string =>
    `${prefix}${String(minute)}|${tab}`;

  return {
    keep: (record) => {
      attempt(() => {
        openStorage().setItem(keyOf(record), JSON.stringify(record));
      }, undefined);
    },
    list: () =>
      attempt(() => {
        const storage = openStorage();
        const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at) ?? "");
        return keys
          .filter((key) => key.startsWith(prefix))
          .flatMap((key) => {
            const record = attempt(
              () => readMinuteRecord(JSON.parse(storage.getItem(key)!)),
              undefined,
            );
            if (!record) storage.removeItem(key);
            return record ?? [];
          });
      }, []),
    remove: (record) => {
      attempt(() => {
        openStorage().removeItem(keyOf(record));
      }, undefined);
    },
  };
}

/** Whatever a browser throws, or a damaged text causes, the answer is the same. */
function attempt<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
