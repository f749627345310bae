import { describe, expect, it, vi } from "vitest";
import { createMemoryStore } from "./memory-store.ts";
import { createRoomyStore } from "./make-room.ts";
import { createResilientStore } from "./resilient-store.ts";
import type { Store } from "./store.ts";

/** As new browsers have it: a class of its own, and no code 22. */
class QuotaExceededError extends Error {
  override readonly name = "QuotaExceededError";
}

/** A store that rejects the next values with `errors`, one each. */
function openFull(errors: Error[]) {
  const inner = createMemoryStore();
  const store: Store = {
    ...inner,
    set: (key, value) => {
      const error = errors.shift();
      return error ? Promise.reject(error) : inner.set(key, value);
    },
  };
  return { inner, store };
}

describe("createRoomyStore", () => {
  it.each([
    ["a DOMException", () => new DOMException("full", "QuotaExceededError")],
    ["a class of its own", () => new QuotaExceededError("full")],
  ])("makes room and tries once more when %s says that a value does not fit", async (_, create) => {
    const { inner, store } = openFull([create()]);
    const makeRoom = vi.fn(() => Promise.resolve(true));
    await createRoomyStore(store, makeRoom).set("a", 1);
    expect(await inner.get("a")).toBe(1);
    expect(makeRoom).toHaveBeenCalledTimes(1);
  });

  it("makes more room as long as the value does not fit, and gives up when there is none", async () => {
    const { store } = openFull([new QuotaExceededError("first"), new QuotaExceededError("second")]);
    const makeRoom = vi.fn(() => Promise.resolve(makeRoom.mock.calls.length < 2));
    await expect(createRoomyStore(store, makeRoom).set("a", 1)).rejects.toThrow("second");
    expect(makeRoom).toHaveBeenCalledTimes(2);
  });

  it("makes room once for writes that fail at the same time", async () => {
    const { inner, store } = openFull([
      new QuotaExceededError("first"),
      new QuotaExceededError("second"),
    ]);
    const makeRoom = vi.fn(() => Promise.resolve(true));
    const roomy = createRoomyStore(store, makeRoom);
    await Promise.all([roomy.set("a", 1), roomy.set("b", 2)]);
    expect((await inner.keys()).sort()).toEqual(["a", "b"]);
    expect(makeRoom).toHaveBeenCalledTimes(1);
  });

  it("makes room for updates too", async () => {
    const { inner, store } = openFull([]);
    const errors = [new QuotaExceededError("full")];
    const update: Store["update"] = (key, change) => {
      const error = errors.shift();
      return error ? Promise.reject(error) : inner.update(key, change);
    };
    const roomy = createRoomyStore({ ...store, update }, () => Promise.resolve(true));
    await roomy.update("a", () => 1);
    expect(await inner.get("a")).toBe(1);
  });

  it("does not try again when there was nothing to free", async () => {
    const { inner, store } = openFull([new QuotaExceededError("full")]);
    const roomy = createRoomyStore(store, () => Promise.resolve(false));
    await expect(roomy.set("a", 1)).rejects.toThrow("full");
    expect(await inner.keys()).toEqual([]);
  });

  it("frees nothing for a failure of another kind", async () => {
    const { store } = openFull([new DOMException("closed", "InvalidStateError")]);
    const makeRoom = vi.fn(() => Promise.resolve(true));
    await expect(createRoomyStore(store, makeRoom).set("a", 1)).rejects.toThrow("closed");
    expect(makeRoom).not.toHaveBeenCalled();
  });

  it("keeps a session persistent that a resilient store alone would have moved to memory", async () => {
    const { inner, store } = openFull([new QuotaExceededError("full")]);
    const resilient = createResilientStore(
      createRoomyStore(store, () => Promise.resolve(true)),
      vi.fn(),
    );
    await resilient.set("a", 1);
    expect(resilient.isPersistent).toBe(true);
    expect(await inner.get("a")).toBe(1);
  });
});
