/** Texts that the page stores by key. They survive the process of the page, because the browser's own process has them. */

export interface TextStorage {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  delete(key: string): void;
  keys(): string[];
}

/** @returns undefined where there is no `localStorage`, as in a worker, or where the user forbids it */
export function openLocalStorage(): TextStorage | undefined {
  const storage = orUndefined(() => (globalThis as { localStorage?: Storage }).localStorage);
  if (!storage) return undefined;
  return {
    get: (key) => storage.getItem(key) ?? undefined,
    set(key, value) {
      orUndefined(() => {
        storage.setItem(key, value); // Throws when there is no room.
      });
    },
    delete(key) {
      storage.removeItem(key);
    },
    keys: () => Object.keys(storage),
  };
}

function orUndefined<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return undefined;
  }
}

/** JSON that the page stored; undefined if something else is there. */
export function parseOrUndefined(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
