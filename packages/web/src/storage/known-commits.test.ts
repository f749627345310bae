import { describe, expect, it } from "vitest";
import { modelKey } from "./file-keys.ts";
import { agreeOnCommit, listBranchesOf, moveToCommit, readCommit } from "./known-commits.ts";
import { createMemoryStore } from "./memory-store.ts";

const BRANCH = { id: "owner/name", revision: "main" };
const [OLD, NEW] = ["a".repeat(40), "b".repeat(40)];

describe("the commit of a branch", () => {
  it("is the first that any tab found out", async () => {
    const store = createMemoryStore();
    expect(await readCommit(store, BRANCH)).toBeUndefined();
    const found = await Promise.all([OLD, NEW].map((one) => agreeOnCommit(store, BRANCH, one)));
    expect(found).toEqual([OLD, OLD]);
    expect(await readCommit(store, BRANCH)).toBe(OLD);
    expect(await readCommit(store, { ...BRANCH, revision: "other" })).toBeUndefined();
  });

  it("moves when it is told to", async () => {
    const store = createMemoryStore();
    await agreeOnCommit(store, BRANCH, OLD);
    await moveToCommit(store, BRANCH, NEW);
    expect(await readCommit(store, BRANCH)).toBe(NEW);
  });

  it("is found by the model that it means", async () => {
    const store = createMemoryStore();
    await moveToCommit(store, BRANCH, OLD);
    await moveToCommit(store, { ...BRANCH, revision: "v1" }, OLD);
    await moveToCommit(store, { ...BRANCH, revision: "v2" }, NEW);
    await moveToCommit(store, { ...BRANCH, id: "owner/name@x" }, OLD);
    const keys = await store.keys();
    const found = await listBranchesOf(store, modelKey({ id: BRANCH.id, revision: OLD }), keys);
    expect(found.sort()).toEqual(["commit|owner%2Fname@main", "commit|owner%2Fname@v1"]);
  });

  it("is unknown where something else is stored", async () => {
    const store = createMemoryStore();
    await store.set("commit|owner%2Fname@main", "main");
    expect(await readCommit(store, BRANCH)).toBeUndefined();
    expect(await agreeOnCommit(store, BRANCH, OLD)).toBe(OLD);
  });
});
