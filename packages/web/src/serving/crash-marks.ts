/**
 * Marks in `localStorage` for steps in which the page may end. A mark is written when the step begins and removed after it.
 * The next visit finds the marks of pages that are gone, and then begins with another device. The step does not wait for its
 * mark, which needs a lock that the browser grants within milliseconds: a step that ends before that was never marked.
 *
 * `localStorage` is kept by the browser's own process, so that a mark survives the process of the page.
 */

import type { DeviceAttempt } from "../protocol/errors.ts";
import type { Device } from "../protocol/model-descriptor.ts";
import { riskyStep } from "../schema/crash.ts";
import { readStored } from "../schema/read.ts";
import type { StorageOptions } from "../wire/worker-api.ts";
import { randomName } from "../shared/random-name.ts";
import { runExclusively } from "../shared/run-exclusively.ts";
import { watchPage, type PageVisibility } from "./page-visibility.ts";
import { openLocalStorage, parseOrUndefined, type TextStorage } from "./text-storage.ts";
import { CrashRecords, type Step } from "./crash-records.ts";

/** A step that is about to begin. */
export interface MarkedStep {
  /** Marks the step as running. Later calls change nothing. */
  begin(): void;
  /** Removes the mark. @param isDone whether the step succeeded, so that its earlier crashes no longer count */
  end(isDone: boolean): void;
}

export interface CrashMarks {
  /** Finds the marks of pages that are gone. */
  collect(): Promise<void>;
  /** Why the device is not tried with this model; undefined if nothing speaks against it. */
  whyNot(model: string, device: Device): Omit<DeviceAttempt, "device"> | undefined;
  /** Whether a page ended with this variant on this device. */
  isSuspect(model: string, device: Device, variant: string): boolean;
  /** Of images, only the first one at a detail is marked: a device that has encoded one encodes more. */
  readonly mark: (step: Step) => MarkedStep;
}

/** Where nothing can be marked, no page is known to have ended. */
export const NO_CRASH_MARKS: CrashMarks = {
  collect: () => Promise.resolve(),
  whyNot: () => undefined,
  isSuspect: () => false,
  mark: () => ({ begin: () => undefined, end: () => undefined }),
};

export interface CrashMarksOptions {
  readonly storage: TextStorage;
  /** A page holds a lock during a step, so that other tabs see that it is alive. */
  readonly locks: LockManager;
  readonly page: PageVisibility;
  /** The name of the client's storage. */
  readonly name: string;
  readonly browser: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How long a start waits for another tab that collects marks. That takes milliseconds. */
const COLLECT_WAIT_MS = 500;

/** The marks of this page. Without storage, or without locks, there are none. */
export function openCrashMarks({
  databaseName,
  isMemoryOnly,
}: Pick<StorageOptions, "databaseName" | "isMemoryOnly">): CrashMarks {
  const storage = isMemoryOnly ? undefined : openLocalStorage();
  if (!storage || !("locks" in navigator)) return NO_CRASH_MARKS;
  const { locks, userAgent: browser } = navigator;
  return createCrashMarks({
    storage,
    locks,
    page: watchPage(),
    name: databaseName,
    browser,
    now: Date.now,
  });
}

export function createCrashMarks(options: CrashMarksOptions): CrashMarks {
  const { storage, locks, name, browser, now } = options;
  const records = new CrashRecords({ storage, key: `fastvlm-kit.crashes:${name}`, browser, now });
  const prefix = `fastvlm-kit.step:${name}:`;
  /** The steps with images that succeeded in this page. */
  const done = new Set<string>();

  const listMarks = (): string[] => storage.keys().filter((key) => key.startsWith(prefix));
  const collectMarks = async (): Promise<void> => {
    const marks = listMarks();
    const { held = [] } = await locks.query();
    const alive = new Set(held.map((lock) => lock.name));
    for (const key of marks.filter((one) => !alive.has(one))) {
      const found = readStored(riskyStep, parseOrUndefined(storage.get(key)));
      storage.delete(key);
      if (found?.browser === browser) records.add(toStep(found));
    }
  };

  return {
    async collect() {
      // Two tabs must not count one mark twice. A tab that is frozen gets the lock, and keeps it until it is thawed.
      if (listMarks().length === 0) return;
      await runExclusively(prefix, collectMarks, { locks, waitMs: COLLECT_WAIT_MS });
    },
    whyNot(model, device) {
      const crash = records.list(model).find((one) => one.device === device);
      return crash && { reason: "page-crashed", message: toMessage(crash) };
    },
    isSuspect: (model, device, variant) =>
      records.list(model).some((one) => one.device === device && one.variant === variant),
    mark(step) {
      const id = JSON.stringify(toStep(step));
      if (done.has(id)) return NO_CRASH_MARKS.mark(step);
      const running = new RunningMark(`${prefix}${randomName()}`, step, options);
      return {
        begin: () => {
          running.begin();
        },
        end(isDone) {
          running.end();
          if (!isDone) return;
          records.forget(step);
          if (step.step !== "load") done.add(id);
        },
      };
    },
  };
}

/**
 * The mark of one step. While the page is hidden there is none: systems end hidden pages for reasons of their own, and a
 * page that is closed or left is hidden first.
 */
class RunningMark {
  readonly #key: string;
  readonly #value: string;
  readonly #options: CrashMarksOptions;
  #hasBegun = false;
  readonly #ended = new AbortController();
  readonly #release = new Promise<void>((resolve) => {
    this.#ended.signal.addEventListener("abort", () => {
      resolve();
    });
  });

  constructor(key: string, step: Step, options: CrashMarksOptions) {
    this.#key = key;
    this.#value = JSON.stringify({ ...toStep(step), browser: options.browser });
    this.#options = options;
  }

  begin(): void {
    if (this.#hasBegun || this.#ended.signal.aborted) return;
    this.#hasBegun = true;
    const { page, locks } = this.#options;
    const { signal } = this.#ended;
    // The lock comes first, because a mark without a lock is that of a page that is gone.
    const request = locks.request(this.#key, async () => {
      if (signal.aborted) return;
      page.follow(() => {
        this.#write();
      }, signal);
      this.#write();
      await this.#release;
    });
    request.catch(() => undefined); // A page without storage has no locks.
  }

  end(): void {
    this.#ended.abort();
    this.#options.storage.delete(this.#key);
  }

  #write(): void {
    const { page, storage } = this.#options;
    if (page.isHidden()) storage.delete(this.#key);
    else storage.set(this.#key, this.#value);
  }
}

function toStep({ model, device, variant, step }: Step): Step {
  return { model, device, variant, step };
}

function toMessage({ device, step }: Step): string {
  const name = device === "webgpu" ? "WebGPU" : "WASM";
  const what = step === "load" ? "loaded the model" : "encoded an image";
  return `At an earlier visit the page ended while ${name} ${what}, so another device is tried first.`;
}
