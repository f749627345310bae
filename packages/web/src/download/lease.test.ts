import { describe, expect, it } from "vitest";
import { createMemoryStore } from "../storage/memory-store.ts";
import type { Store } from "../storage/store.ts";
import { createLease } from "./lease.ts";
import { LockLost } from "./lock-lost.ts";

const KEY = "lease|test";
const NEVER = new AbortController().signal;

function open(store: Store, takeOverAfterMs = 10_000, signal = NEVER) {
  return createLease({ name: "test", signal, store, takeOverAfterMs });
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function aborted(): AbortSignal {
  return AbortSignal.abort();
}

/** Resolves when it aborts. */
function lossOf(lost: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    lost.addEventListener("abort", () => {
      resolve(lost.reason);
    });
  });
}

describe("a lease", () => {
  it("has one holder at a time, and everybody gets it in the end", async () => {
    const store = createMemoryStore();
    let [now, most, turns] = [0, 0, 0];
    const work = async (): Promise<void> => {
      most = Math.max(most, ++now);
      await wait(20);
      now--;
      turns++;
    };
    await Promise.all(Array.from({ length: 3 }, () => open(store).hold(NEVER, work)));
    expect([most, turns]).toEqual([1, 3]);
    expect(await store.keys()).toEqual([]);
  });

  it("is given back when the work fails", async () => {
    const store = createMemoryStore();
    const failing = open(store).hold(NEVER, () => Promise.reject(new Error("failed")));
    await expect(failing).rejects.toThrow("failed");
    expect(await store.keys()).toEqual([]);
  });

  it("is renewed for as long as the work takes", async () => {
    const store = createMemoryStore();
    let isOver = false;
    const first = open(store, 1000).hold(NEVER, async (lost) => {
      await wait(2500);
      isOver = true;
      expect(lost.aborted).toBe(false);
    });
    await open(store, 1000).hold(NEVER, () => {
      expect(isOver).toBe(true);
      return Promise.resolve();
    });
    await first;
  });

  it("is free when its holder has stopped renewing it", async () => {
    const store = createMemoryStore();
    const until = Date.now() + 300;
    await store.set(KEY, { owner: "dead", until });
    await open(store).hold(NEVER, () => {
      expect(Date.now()).toBeGreaterThan(until);
      return Promise.resolve();
    });
  });

  it("is taken from a holder that has fallen silent, and who learns of it", async () => {
    const store = createMemoryStore();
    let reason: unknown;
    const first = open(store, 400).hold(NEVER, async (lost) => {
      reason = await lossOf(lost);
    });
    const silence = new AbortController();
    const second = open(store, 400).hold(silence.signal, () => wait(400));
    silence.abort();
    await Promise.all([first, second]);
    expect(reason).toBeInstanceOf(LockLost);
    expect(await store.keys()).toEqual([]);
  });

  it("is not taken from another than the one that was silent", async () => {
    const store = createMemoryStore();
    await store.set(KEY, { owner: "dead", until: Infinity });
    const silence = new AbortController();
    let [now, most] = [0, 0];
    const work = async (lost: AbortSignal): Promise<boolean> => {
      most = Math.max(most, ++now);
      await wait(600);
      now--;
      return lost.aborted;
    };
    const waiting = [1, 2, 3].map(() => open(store).hold(silence.signal, work));
    await wait(50);
    silence.abort();
    expect(await Promise.all(waiting)).toEqual([false, false, false]);
    expect(most).toBe(1);
  });

  it("is lost when its record was deleted, or replaced after that", async () => {
    for (const after of [undefined, { owner: "other", until: Infinity }]) {
      const store = createMemoryStore();
      await open(store, 100).hold(NEVER, async (lost) => {
        await (after ? store.set(KEY, after) : store.delete([KEY]));
        expect(await lossOf(lost)).toBeInstanceOf(LockLost);
      });
      expect(await store.get(KEY)).toEqual(after); // Not given back by who has lost it.
    }
  });

  it("does not come back to life by a renewal that was on its way", async () => {
    const inner = createMemoryStore();
    const slow: Store = {
      ...inner,
      get: (key) => wait(40).then(() => inner.get(key)),
      update: (key, change) => wait(40).then(() => inner.update(key, change)),
    };
    await open(slow, 20).hold(aborted(), () => wait(53));
    await wait(200);
    expect(await inner.keys()).toEqual([]);
  });

  it("is lost when it cannot be renewed", async () => {
    const inner = createMemoryStore();
    let isBroken = false;
    const store: Store = {
      ...inner,
      update: (key, change) =>
        isBroken ? Promise.reject(new Error("closed")) : inner.update(key, change),
    };
    await open(store, 100).hold(NEVER, async (lost) => {
      isBroken = true;
      expect(await lossOf(lost)).toBeInstanceOf(LockLost);
      isBroken = false;
    });
  });

  it("is waited for until the signal aborts, with its reason", async () => {
    const store = createMemoryStore();
    const lease = { owner: "other", until: Infinity };
    await store.set(KEY, lease);
    const controller = new AbortController();
    const waiting = open(store, 10_000, controller.signal).hold(NEVER, () => Promise.resolve());
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(await store.get(KEY)).toEqual(lease);
  });
});
