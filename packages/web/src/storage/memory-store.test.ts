import { describe, expect, it } from "vitest";
import { checkStore, STORE_CHECKS } from "../../test/contracts/store.ts";
import { createMemoryStore } from "./memory-store.ts";
import type { Store } from "./store.ts";

describe("createMemoryStore", () => {
  it.each(Object.entries(STORE_CHECKS))("%s", async (_, check) => {
    await check(createMemoryStore());
  });
});

describe("checkStore", () => {
  it("finds nothing wrong with a store that keeps its promises", async () => {
    expect(await checkStore(createMemoryStore)).toEqual([]);
  });

  it.each<[keyof Store, Partial<Store>]>([
    ["get", { get: () => Promise.resolve(undefined) }],
    ["set", { set: () => Promise.resolve() }],
    ["delete", { delete: () => Promise.resolve() }],
    ["keys", { keys: () => Promise.resolve([]) }],
    ["clear", { clear: () => Promise.resolve() }],
    ["update", { update: () => Promise.resolve() }],
    ["get", { get: () => Promise.reject(new Error("broken")) }],
  ])("finds a store out whose %s does nothing", async (_, broken) => {
    expect(await checkStore(() => ({ ...createMemoryStore(), ...broken }))).not.toEqual([]);
  });

  it("finds a store out whose updates are two steps", async () => {
    const create = (): Store => {
      const store = createMemoryStore();
      return {
        ...store,
        update: async (key, change) => {
          await store.set(key, change(await store.get(key)));
        },
      };
    };
    expect(await checkStore(create)).toContainEqual(expect.stringContaining("fifty updates"));
  });
});
