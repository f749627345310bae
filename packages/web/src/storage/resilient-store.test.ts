import { describe, expect, it, vi } from "vitest";
import { checkStore } from "../../test/contracts/store.ts";
import { createObservedStore } from "../../test/stores.ts";
import { createResilientStore } from "./resilient-store.ts";

function open() {
  const inner = createObservedStore();
  const onDegraded = vi.fn();
  return { inner, onDegraded, store: createResilientStore(inner, onDegraded) };
}

const QUOTA = new DOMException("no room", "QuotaExceededError");

describe("createResilientStore", () => {
  it("passes everything on as long as all goes well", async () => {
    const { inner, onDegraded, store } = open();
    await store.set("a", 1);
    expect(await inner.get("a")).toBe(1);
    expect(store.isPersistent).toBe(true);
    expect(onDegraded).not.toHaveBeenCalled();
  });

  it("answers the request that failed, and says why once", async () => {
    const { inner, onDegraded, store } = open();
    inner.error = QUOTA;
    await store.set("a", 1);
    await store.set("b", 2);
    expect(await store.get("a")).toBe(1);
    expect(await store.keys()).toEqual(["a", "b"]);
    expect(store.isPersistent).toBe(false);
    expect(onDegraded.mock.calls).toEqual([["QuotaExceededError: no room"]]);
  });

  it("does not go back to a store that failed", async () => {
    const { inner, store } = open();
    inner.error = QUOTA;
    await store.set("a", 1);
    inner.error = undefined;
    await store.set("b", 2);
    expect(await inner.keys()).toEqual([]);
    expect(await store.keys()).toEqual(["a", "b"]);
  });

  it("says so once when several requests fail at the same time, and loses none of them", async () => {
    const { inner, onDegraded, store } = open();
    inner.error = QUOTA;
    await Promise.all([store.set("a", 1), store.set("b", 2), store.keys(), store.delete(["c"])]);
    expect(await store.keys()).toEqual(["a", "b"]);
    expect(onDegraded).toHaveBeenCalledTimes(1);
  });

  it.each(["healthy", "failing"])(
    "keeps the promises of a store over one that is %s",
    async (health) => {
      const create = () => {
        const { inner, store } = open();
        if (health === "failing") inner.error = QUOTA;
        return store;
      };
      expect(await checkStore(create)).toEqual([]);
    },
  );

  it("keeps what is null or falsy apart from nothing, before and after a failure", async () => {
    const { inner, store } = open();
    for (const [index, value] of [null, 0, "", false].entries()) {
      await store.set(`before ${String(index)}`, value);
    }
    const failing = vi.spyOn(inner, "set").mockRejectedValue(QUOTA);
    for (const [index, value] of [null, 0, "", false].entries()) {
      await store.set(`after ${String(index)}`, value);
      await store.set(`before ${String(index)}`, value);
      expect(await store.get(`after ${String(index)}`)).toBe(value);
      expect(await store.get(`before ${String(index)}`)).toBe(value);
    }
    expect(failing).toHaveBeenCalledTimes(1);
  });

  it("goes on from the stored value when an update is what fails", async () => {
    const { inner, store } = open();
    await store.set("a", 1);
    vi.spyOn(inner, "update").mockRejectedValue(QUOTA);
    await store.update("a", (value) => (value as number) + 1);
    await store.update("a", (value) => (value as number) + 1);
    expect(await store.get("a")).toBe(3);
  });

  it("loses no update of a stored value after a failure", async () => {
    const { inner, store } = open();
    await store.set("a", 0);
    vi.spyOn(inner, "update").mockRejectedValue(QUOTA);
    const updates = Array.from({ length: 20 }, async (_, index) => {
      for (let wait = 0; wait < index; wait++) await Promise.resolve();
      await store.update("a", (value) => (value as number) + 1);
    });
    await Promise.all(updates);
    expect(await store.get("a")).toBe(20);
  });

  it("deletes a stored value by an update after a failure", async () => {
    const { inner, store } = open();
    await store.set("a", 1);
    vi.spyOn(inner, "update").mockRejectedValue(QUOTA);
    await store.update("a", () => undefined);
    expect(await store.get("a")).toBeUndefined();
    expect(await store.keys()).toEqual([]);
  });

  it("does not blame the store for what an update throws", async () => {
    const { onDegraded, store } = open();
    const thrown = new Error("mine");
    const failing = store.update("a", () => {
      throw thrown;
    });
    await expect(failing).rejects.toBe(thrown);
    expect(store.isPersistent).toBe(true);
    expect(onDegraded).not.toHaveBeenCalled();
  });

  it("deletes from a store that takes no more values: that may be what makes room", async () => {
    const { inner, store } = open();
    await store.set("a", 1);
    vi.spyOn(inner, "set").mockRejectedValue(QUOTA);
    await store.set("b", 2);
    await store.delete(["a", "b"]);
    expect(await inner.keys()).toEqual([]);
    expect(await store.keys()).toEqual([]);
  });
});
