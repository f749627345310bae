import { afterEach, describe, expect, it, vi } from "vitest";
import { modelKey } from "../storage/file-keys.ts";
import { downloadLockName, holdModelInUse, listModelsInUse } from "./in-use.ts";

const MODEL = modelKey({ id: "test", revision: "1" });
const OTHER = modelKey({ id: "other", revision: "1" });

afterEach(() => {
  vi.unstubAllGlobals();
});

/** As much of Web Locks as is used: a lock is held until what was given for it is over. */
function stubLocks() {
  const held: { name: string; mode: string }[] = [];
  const request = vi.fn(
    (name: string, { mode }: { mode: string }, work: () => Promise<unknown>) => {
      held.push({ name, mode });
      return work();
    },
  );
  vi.stubGlobal("navigator", { locks: { request, query: () => Promise.resolve({ held }) } });
  return { held, request };
}

describe("models in use", () => {
  it("are those that any worker holds, of the same database", async () => {
    const { held } = stubLocks();
    holdModelInUse("mine", MODEL);
    holdModelInUse("theirs", OTHER);
    expect(held.every(({ mode }) => mode === "shared")).toBe(true);
    expect(await listModelsInUse("mine")).toEqual([MODEL]);
    expect(await listModelsInUse("theirs")).toEqual([OTHER]);
    expect(await listModelsInUse("min")).toEqual([]);
  });

  it("are those that any worker downloads, too", async () => {
    const { held } = stubLocks();
    held.push({ name: downloadLockName("mine", OTHER), mode: "exclusive" });
    held.push({ name: "a lock of the app", mode: "exclusive" });
    expect(await listModelsInUse("mine")).toEqual([OTHER]);
  });

  it("are unknown where there are no locks, and where they are refused", async () => {
    vi.stubGlobal("navigator", {});
    holdModelInUse("mine", MODEL);
    expect(await listModelsInUse("mine")).toEqual([]);
    const refuse = () => Promise.reject(new DOMException("no storage", "SecurityError"));
    vi.stubGlobal("navigator", { locks: { request: refuse, query: refuse } });
    holdModelInUse("mine", MODEL);
    expect(await listModelsInUse("mine")).toEqual([]);
  });
});
