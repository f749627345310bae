import { describe, expect, it } from "vitest";
import { countOf } from "../series/read-series.ts";
import type { LeftMinutes } from "./left-minutes.ts";
import { MinuteLog, type MinuteLogOptions } from "./minute-log.ts";
import { MINUTE_MS, type MinuteRecord } from "./minute-record.ts";
import type { MinuteStore } from "./minute-store.ts";

type TestStore = MinuteStore & { readonly records: Map<string, unknown>; isBroken: boolean };

/** Keeps records as the database does: a copy of each, in the order of minutes. */
function createTestStore(): TestStore {
  const records = new Map<string, unknown>();
  const working = async (): Promise<void> => {
    await Promise.resolve();
    if (store.isBroken) throw new DOMException("No room.", "QuotaExceededError");
  };
  const store: TestStore = {
    records,
    isBroken: false,
    async write(record) {
      await working();
      records.set(JSON.stringify([record.minute, record.tab]), structuredClone(record));
    },
    async read(from, to) {
      await working();
      return [...records]
        .map(([key, value]) => ({ key: JSON.parse(key) as [number, string], value }))
        .filter(({ key: [minute] }) => minute >= from && minute < to)
        .sort((a, b) => a.key[0] - b.key[0]);
    },
    async delete(keys) {
      await working();
      for (const key of keys) records.delete(JSON.stringify(key));
    },
  };
  return store;
}

function createTestLeft(): LeftMinutes {
  const records = new Map<string, MinuteRecord>();
  const keyOf = ({ minute, tab }: Pick<MinuteRecord, "minute" | "tab">) =>
    `${String(minute)}|${tab}`;
  return {
    keep: (record) => void records.set(keyOf(record), record),
    list: () => [...records.values()],
    remove: (record) => void records.delete(keyOf(record)),
  };
}

function record(minute: number, value: number, tab = "a"): MinuteRecord {
  const series = { kind: "counter", name: "n", unit: "1", attributes: {}, value } as const;
  return { schema: 1, minute: minute * MINUTE_MS, tab, series: [series] };
}

function open(store: MinuteStore | undefined, change: Partial<MinuteLogOptions> = {}): MinuteLog {
  const now = () => 100 * MINUTE_MS;
  return new MinuteLog({ store, retentionMs: 50 * MINUTE_MS, maxBytes: 1e6, now, ...change });
}

/** The values of each minute. */
async function valuesOf(log: MinuteLog): Promise<(readonly [number, number])[]> {
  const minutes = await log.read(0, 200 * MINUTE_MS);
  return minutes.map(({ minute, series }) => [minute / MINUTE_MS, countOf(series, "n")]);
}

it("keeps minutes over a restart, and merges those of several tabs", async () => {
  const store = createTestStore();
  const first = open(store);
  first.put(record(90, 1));
  first.put(record(91, 2));
  await first.flush();
  const second = open(store);
  second.put(record(91, 5, "b"));
  // Not flushed: the minute that runs is read from memory.
  expect(await valuesOf(second)).toEqual([
    [90, 1],
    [91, 7],
  ]);
});

it("counts a minute once that is stored and then goes on", async () => {
  const log = open(createTestStore());
  log.put(record(90, 1));
  await log.flush();
  log.put(record(90, 3));
  expect(await valuesOf(log)).toEqual([[90, 3]]);
  await log.flush();
  expect(await valuesOf(log)).toEqual([[90, 3]]);
});

it("counts a minute once that is stored while it is read", async () => {
  const log = open(createTestStore());
  log.put(record(90, 1));
  const [, values] = await Promise.all([log.flush(), valuesOf(log)]);
  expect(values).toEqual([[90, 1]]);
});

describe("a page that is left", () => {
  it("leaves what it has not stored to the next one", async () => {
    const store = createTestStore();
    const left = createTestLeft();
    const first = open(store, { left });
    first.put(record(90, 1));
    await first.flush();
    first.put(record(90, 3));
    first.leave();
    // The browser ends it here.
    const second = open(store, { left });
    expect(await valuesOf(second)).toEqual([[90, 3]]);
    expect(left.list()).toEqual([]);
    expect(store.records.size).toBe(1);
  });

  it("leaves nothing when the browser has stored it after all", async () => {
    const left = createTestLeft();
    const log = open(createTestStore(), { left });
    log.put(record(90, 1));
    log.leave();
    await log.flush();
    expect(left.list()).toEqual([]);
    expect(await valuesOf(log)).toEqual([[90, 1]]);
  });

  it("goes on with what it has, when the user comes back", async () => {
    const left = createTestLeft();
    const store = createTestStore();
    const log = open(store, { left });
    log.put(record(90, 1));
    log.leave();
    log.put(record(90, 4));
    expect(await valuesOf(log)).toEqual([[90, 4]]);
    await log.flush();
    expect(await valuesOf(open(store, { left }))).toEqual([[90, 4]]);
  });

  it("leaves nothing where nothing can be stored", async () => {
    const left = createTestLeft();
    const store = createTestStore();
    store.isBroken = true;
    const log = open(store, { left });
    log.put(record(90, 1));
    await log.flush();
    log.leave();
    expect(left.list()).toEqual([]);
  });

  it("keeps what it left while the store fails", async () => {
    const left = createTestLeft();
    const store = createTestStore();
    left.keep(record(90, 1));
    store.isBroken = true;
    await open(store, { left }).flush();
    expect(left.list()).toEqual([record(90, 1)]);
  });
});

describe("a store that fails", () => {
  it("costs nothing that this tab measures, and is tried again", async () => {
    const store = createTestStore();
    const log = open(store);
    store.isBroken = true;
    log.put(record(90, 1));
    await log.flush();
    expect(log.isPersistent).toBe(false);
    expect(await valuesOf(log)).toEqual([[90, 1]]);
    await log.prune();
    store.isBroken = false;
    log.put(record(91, 2));
    await log.flush();
    expect(log.isPersistent).toBe(true);
    expect(store.records.size).toBe(2);
  });

  it("never makes this tab keep more than a day", async () => {
    const log = open(undefined);
    for (let minute = 0; minute < 2000; minute++) log.put(record(minute, 1));
    expect(await log.read(0, 5000 * MINUTE_MS)).toHaveLength(1440);
  });
});

it.each([
  ["is damaged", { schema: 1, minute: 5_400_000, tab: "a", series: [{ kind: "counter" }] }],
  ["is of another version", { ...record(90, 1), schema: 2 }],
  ["has buckets without bounds", { ...record(90, 1), series: [histogramWithout()] }],
  ["is nothing", undefined],
])("leaves out what %s", async (_, value) => {
  const store = createTestStore();
  store.records.set(JSON.stringify([90 * MINUTE_MS, "b"]), value);
  const log = open(store);
  log.put(record(91, 1));
  expect(await valuesOf(log)).toEqual([[91, 1]]);
});

it("deletes what is too old, and the oldest of what is too much", async () => {
  const store = createTestStore();
  const log = open(store, { maxBytes: JSON.stringify(record(60, 1)).length * 2.5 });
  for (const minute of [10, 49, 60, 70, 80]) log.put(record(minute, 1));
  await log.flush();
  await log.prune();
  expect(await valuesOf(log)).toEqual([
    [70, 1],
    [80, 1],
  ]);
  const roomy = open(store);
  roomy.put(record(20, 1));
  await roomy.flush();
  await roomy.prune();
  expect(await valuesOf(roomy)).toHaveLength(2);
});

function histogramWithout(): unknown {
  const numbers = { count: 1, sum: 1, min: 1, max: 1 };
  return {
    kind: "histogram",
    name: "n",
    unit: "s",
    attributes: {},
    bounds: [],
    counts: [],
    ...numbers,
  };
}
