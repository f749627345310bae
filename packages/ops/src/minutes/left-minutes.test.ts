import { expect, it } from "vitest";
import { createLeftMinutes, type PageStorage } from "./left-minutes.ts";
import type { MinuteRecord } from "./minute-record.ts";

function createTestStorage(): PageStorage & { readonly items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    get length() {
      return items.size;
    },
    key: (at) => [...items.keys()][at] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

const RECORD: MinuteRecord = { schema: 1, minute: 60_000, tab: "a", series: [] };

it("keeps the newest record of a minute until it is removed", () => {
  const storage = createTestStorage();
  const left = createLeftMinutes("ops", () => storage);
  const counter = { kind: "counter", name: "n", unit: "1", attributes: {}, value: 1 } as const;
  left.keep(RECORD);
  left.keep({ ...RECORD, series: [counter] });
  left.keep({ ...RECORD, tab: "b" });
  expect(left.list()).toEqual([
    { ...RECORD, series: [counter] },
    { ...RECORD, tab: "b" },
  ]);
  left.remove(RECORD);
  expect(left.list()).toEqual([{ ...RECORD, tab: "b" }]);
});

it("leaves alone what is not its own, and removes what is damaged", () => {
  const storage = createTestStorage();
  storage.setItem("theme", "dark");
  storage.setItem("other|60000|a", JSON.stringify(RECORD));
  storage.setItem("ops|60000|a", "{");
  storage.setItem("ops|60000|b", JSON.stringify({ ...RECORD, schema: 2 }));
  expect(createLeftMinutes("ops", () => storage).list()).toEqual([]);
  expect([...storage.items.keys()]).toEqual(["theme", "other|60000|a"]);
});

it("costs nothing where the browser refuses its storage", () => {
  const left = createLeftMinutes("ops", () => {
    throw new DOMException("No.", "SecurityError");
  });
  left.keep(RECORD);
  left.remove(RECORD);
  expect(left.list()).toEqual([]);
});
