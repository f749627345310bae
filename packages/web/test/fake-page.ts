/** What one browser has for all its pages: stored texts and locks; and pages, which may be hidden and may end. */

import { createCrashMarks, type CrashMarks } from "../src/serving/crash-marks.ts";
import type { TextStorage } from "../src/serving/text-storage.ts";

export class FakeBrowser {
  readonly texts = new Map<string, string>();
  readonly held = new Set<string>();
  /** The locks that were asked for, in order. */
  readonly asked: string[] = [];
  /** Locks of a page that stands still: whoever asks for them waits, or takes them. */
  readonly frozen = new Set<string>();
  version = "Browser/1";
  now = 1_000_000;

  readonly storage: TextStorage = {
    get: (key) => this.texts.get(key),
    set: (key, value) => void this.texts.set(key, value),
    delete: (key) => void this.texts.delete(key),
    keys: () => [...this.texts.keys()],
  };

  openPage(): FakePage {
    return new FakePage(this);
  }
}

export class FakePage {
  readonly marks: CrashMarks;
  readonly #browser: FakeBrowser;
  readonly #held = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #isHidden = false;

  constructor(browser: FakeBrowser) {
    this.#browser = browser;
    const request = async (
      name: string,
      ...rest: [() => Promise<unknown>] | [LockOptions, () => Promise<unknown>]
    ): Promise<unknown> => {
      browser.asked.push(name);
      const work = rest.at(-1) as () => Promise<unknown>;
      const { steal = false, signal } = (rest.length > 1 ? rest[0] : {}) as LockOptions;
      if (browser.frozen.has(name) && !steal) await untilAborted(signal!);
      browser.held.add(name);
      this.#held.add(name);
      try {
        return await work();
      } finally {
        browser.held.delete(name);
      }
    };
    const query = () => Promise.resolve({ held: [...browser.held].map((name) => ({ name })) });
    this.marks = createCrashMarks({
      storage: browser.storage,
      locks: { request, query } as unknown as LockManager,
      page: {
        isHidden: () => this.#isHidden,
        follow: (listener, signal) => {
          this.#listeners.add(listener);
          signal.addEventListener("abort", () => this.#listeners.delete(listener));
        },
      },
      name: "test",
      browser: browser.version,
      now: () => browser.now,
    });
  }

  /** Hides or shows the page, as when the user changes the tab or closes it. */
  setHidden(isHidden: boolean): void {
    this.#isHidden = isHidden;
    for (const listener of this.#listeners) listener();
  }

  /** Ends the page without a word. The browser frees its locks. */
  crash(): void {
    for (const name of this.#held) this.#browser.held.delete(name);
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });
}
