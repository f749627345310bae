import { afterEach, describe, expect, it, vi } from "vitest";
import { toStorageOptions } from "../client/storage-settings.ts";
import { OPEN_LIMIT_MS } from "./indexed-db-store.ts";
import { openStores } from "./open-stores.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("openStores", () => {
  const options = {
    ...toStorageOptions({ name: "test" }),
    makeRoom: () => Promise.resolve(false),
    onRestored: vi.fn(),
  };

  it("says once that there is no IndexedDB, and goes on in memory", async () => {
    expect("indexedDB" in globalThis).toBe(false); // Node has none, as some private windows.
    const onDegraded = vi.fn();
    const { models, results } = await openStores({ ...options, onDegraded });
    await models.set("a", 1);
    await results.set("a", 2);
    expect(await models.get("a")).toBe(1);
    expect(await results.get("a")).toBe(2);
    expect(onDegraded.mock.calls).toEqual([["ReferenceError: indexedDB is not defined"]]);
    expect(models.isPersistent).toBe(false);
  });

  it("has nothing to report where memory is what was asked for", async () => {
    const onDegraded = vi.fn();
    const { models } = await openStores({ ...options, isMemoryOnly: true, onDegraded });
    await models.set("a", 1);
    expect(await models.get("a")).toBe(1);
    expect(onDegraded).not.toHaveBeenCalled();
  });

  it("does not wait for an IndexedDB that never answers", async () => {
    vi.useFakeTimers();
    vi.stubGlobal("indexedDB", { open: () => ({}) });
    const onDegraded = vi.fn();
    const opening = openStores({ ...options, onDegraded });
    await vi.advanceTimersByTimeAsync(OPEN_LIMIT_MS);
    const { models } = await opening;
    await models.set("a", 1);
    expect(await models.get("a")).toBe(1);
    expect(models.isPersistent).toBe(false);
    expect(onDegraded.mock.calls).toEqual([["TimeoutError: IndexedDB did not open within 60 s."]]);
  });
});
