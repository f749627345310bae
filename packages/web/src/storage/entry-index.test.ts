import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createObservedStore } from "../../test/stores.ts";
import { createEntryIndex } from "./entry-index.ts";
import { createMemoryStore } from "./memory-store.ts";

function open({ store = createMemoryStore(), maxBytes = 1e9 } = {}) {
  const clock = { now: 0 };
  const index = createEntryIndex(store, { maxBytes, now: () => ++clock.now });
  return { store, index };
}

/** What every index in the store says, read by a tab that was opened just now. */
const keysOf = (store: ReturnType<typeof createMemoryStore>, maxBytes = 1e9) =>
  open({ store, maxBytes }).index.keysByUse();

describe("the cost of an entry", () => {
  it("is the same after 3,000 entries as after 100: requests, and the length of what is written", async () => {
    const inner = createMemoryStore();
    const written: number[] = [];
    const store = createObservedStore({
      ...inner,
      update: (key, change) =>
        inner.update(key, (value) => {
          const changed = change(value);
          written.push(JSON.stringify(changed).length);
          return changed;
        }),
    });
    const { index } = open({ store });
    const costs = async (from: number, to: number) => {
      store.requests.length = 0;
      written.length = 0;
      for (let entry = from; entry < to; entry++) {
        await index.add(`name|${String(entry).padStart(8, "0")}`, 1024);
        await index.touch(`name|${String(Math.floor(entry / 2)).padStart(8, "0")}`);
      }
      return { requests: store.requests.length, length: Math.max(...written) };
    };
    await costs(0, 100);
    const early = await costs(100, 200);
    await costs(200, 3000);
    const late = await costs(3000, 3100);
    expect(early.requests).toBe(200);
    expect(late.requests).toBe(200);
    expect(late.length).toBeLessThan(1.1 * early.length);
  });

  it("includes no record of nothing: records that lost their entries are gone, or filled again", async () => {
    const { store, index } = open({ maxBytes: 100 });
    for (let entry = 0; entry < 2000; entry++) await index.add(`key ${String(entry)}`, 1);
    expect(await keysOf(store, 100)).toHaveLength(100);
    expect((await store.keys()).length).toBeLessThan(10);
  });
});

describe("several tabs", () => {
  it("see each other's entries after a part of the limit", async () => {
    const { store, index } = open({ maxBytes: 160 });
    const other = open({ store, maxBytes: 160 }).index;
    await other.usedBytes();
    for (let entry = 0; entry < 100; entry++) {
      await index.add(`one ${String(entry)}`, 1);
      await other.add(`two ${String(entry)}`, 1);
    }
    expect(await index.usedBytes()).toBeLessThanOrEqual(160);
    // Each may have added a sixteenth of which the other does not know yet, and the entry that made it read again.
    let stored = 0;
    for (const record of await store.keys()) {
      stored += Object.keys((await store.get(record)) as object).length;
    }
    expect(stored).toBeLessThanOrEqual(160 + 2 * 11);
    expect(stored).toBeGreaterThan(100);
  });

  it("may both add the same entry, which counts once", async () => {
    const { store, index } = open();
    const other = open({ store }).index;
    await other.keysByUse();
    await index.add("same", 10);
    await other.add("same", 10);
    expect(await open({ store }).index.usedBytes()).toBe(10);
  });
});

describe("the one record of earlier versions", () => {
  const old = Object.fromEntries(
    Array.from({ length: 500 }, (_, entry) => [
      `name|${String(entry)}`,
      { bytes: 2, usedAt: entry },
    ]),
  );

  it("is divided, and nothing of it is lost", async () => {
    const { store, index } = open();
    await store.set("index", old);
    expect(await index.usedBytes()).toBe(1000);
    expect(await store.keys()).not.toContain("index");
    expect(await keysOf(store)).toEqual(Object.keys(old).reverse());
  });

  it("is read once more where an earlier version wrote it after that", async () => {
    const { store, index } = open();
    await index.add("new", 1);
    await store.set("index", { old: { bytes: 5, usedAt: 0 } });
    expect(await keysOf(store)).toEqual(["new", "old"]);
  });

  it("is over a limit that became lower: what goes is told with the next entry", async () => {
    const { store, index } = open({ maxBytes: 100 });
    await store.set("index", old);
    const evicted = await index.add("new", 10);
    expect(evicted).toHaveLength(455);
    expect(await keysOf(store)).toHaveLength(46);
  });
});

it("keeps what was used last, as much as fits, whatever is added and used", async () => {
  const key = fc.integer({ min: 0, max: 200 }).map(String);
  const step = fc.oneof(
    fc.record({ add: key, bytes: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ touch: key }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 300 }), async (steps) => {
      const { store, index } = open({ maxBytes: 500 });
      let expected: { key: string; bytes: number }[] = []; // The longest unused first.
      for (const one of steps) {
        if ("touch" in one) {
          const used = expected.find((entry) => entry.key === one.touch);
          if (used) expected = [...expected.filter((entry) => entry !== used), used];
          await index.touch(one.touch);
          continue;
        }
        expected = [
          ...expected.filter((entry) => entry.key !== one.add),
          { key: one.add, bytes: one.bytes },
        ];
        const gone: string[] = [];
        while (expected.reduce((sum, { bytes }) => sum + bytes, 0) > 500) {
          gone.push(expected.shift()!.key);
        }
        expect(await index.add(one.add, one.bytes)).toEqual(gone);
      }
      const keys = expected.map((entry) => entry.key).reverse();
      expect(await index.keysByUse()).toEqual(keys);
      expect(await keysOf(store, 500)).toEqual(keys);
    }),
    { numRuns: 100 },
  );
});
