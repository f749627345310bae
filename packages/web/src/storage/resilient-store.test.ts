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
});
