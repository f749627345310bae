import { describe, expect, it } from "vitest";
import { checkStore } from "../../test/contracts/store.ts";
import { createObservedStore } from "../../test/stores.ts";
import { createMemoryStore } from "./memory-store.ts";
import { adoptSchema, SCHEMA_VERSION } from "./schema.ts";
import type { Store } from "./store.ts";

async function contentsOf(store: Store): Promise<Record<string, unknown>> {
  const contents: Record<string, unknown> = {};
  for (const key of await store.keys()) contents[key] = await store.get(key);
  return contents;
}

async function fill(values: Readonly<Record<string, unknown>>): Promise<Store> {
  const store = createMemoryStore();
  for (const [key, value] of Object.entries(values)) await store.set(key, value);
  return store;
}

describe("adoptSchema", () => {
  it("leaves what a newer kit wrote alone, byte for byte, and writes nothing", async () => {
    const contents = { schema: SCHEMA_VERSION + 1, "new|key": Uint8Array.of(1, 2, 3) };
    const store = createObservedStore(await fill(contents));
    expect(await adoptSchema(store)).toBeUndefined();
    expect(store.requests.filter((request) => !request.startsWith("get"))).toEqual([]);
    expect(await contentsOf(store)).toEqual(contents);
  });

  it.each([
    ["of an older version", { schema: SCHEMA_VERSION - 1 }],
    ["from before there were versions", {}],
    ["of a version that makes no sense", { schema: "two" }],
  ])("clears what is %s", async (_, version) => {
    const store = await fill({ "test@1/weights#0": Uint8Array.of(1), ...version });
    const adopted = await adoptSchema(store);
    expect(await adopted?.keys()).toEqual([]);
    expect(await contentsOf(store)).toEqual({ schema: SCHEMA_VERSION });
  });

  it("clears at the next visit what it could not clear at this one", async () => {
    const store = await fill({ old: 1 });
    const dying: Store = { ...store, delete: () => Promise.reject(new Error("closed")) };
    await expect(adoptSchema(dying)).rejects.toThrow("closed");
    expect(await (await adoptSchema(store))?.keys()).toEqual([]);
  });

  it("keeps what is of this version", async () => {
    const store = await fill({ schema: SCHEMA_VERSION, "model|a@1": 1 });
    const adopted = await adoptSchema(store);
    expect(await adopted?.keys()).toEqual(["model|a@1"]);
    expect(await adopted?.get("model|a@1")).toBe(1);
  });

  it("stays when everything else is cleared", async () => {
    const store = createMemoryStore();
    const adopted = (await adoptSchema(store))!;
    await adopted.set("a", 1);
    await adopted.clear();
    expect(await contentsOf(store)).toEqual({ schema: SCHEMA_VERSION });
  });

  it("gives a store that keeps the promises of one", async () => {
    expect(await checkStore(async () => (await adoptSchema(createMemoryStore()))!)).toEqual([]);
  });
});
