/** The store of the cache's folder: what every store promises, and what only files can do. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { createPrivateFileStore } from "@fastvlm-kit/web/host";
import { afterAll, expect, it } from "vitest";
import { checkStore } from "../../../web/test/contracts/store.ts";
import { createDiskFiles } from "./disk-files.ts";
import { createFolderStore } from "./folder-store.ts";

const root = mkdtempSync(join(tmpdir(), "fastvlm-disk-"));
const newFolder = (): string => mkdtempSync(join(root, "cache-"));

afterAll(() => {
  rmSync(root, { recursive: true });
});

it("keeps every promise of a store", async () => {
  expect(await checkStore(() => createFolderStore(newFolder()))).toEqual([]);
});

it("keeps them with the parts of files in files", async () => {
  const create = () => {
    const folder = newFolder();
    const files = createDiskFiles(join(folder, "files"));
    return createPrivateFileStore(createFolderStore(join(folder, "records")), files, Date.now);
  };
  expect(await checkStore(create)).toEqual([]);
});

it("has in the next start what was stored, and leaves no other file", async () => {
  const folder = newFolder();
  const store = createFolderStore(folder);
  await store.set("a", { size: 1 });
  await store.set("a", { size: 2 });
  await store.set("b", [undefined, new Date(0)]);
  const next = createFolderStore(folder);
  expect(await next.get("a")).toEqual({ size: 2 });
  expect(await next.get("b")).toEqual([undefined, new Date(0)]);
  expect(readdirSync(folder)).toHaveLength(2);
});

it("counts a damaged record as none", async () => {
  const folder = newFolder();
  const store = createFolderStore(folder);
  await store.set("a", { size: 1 });
  writeFileSync(join(folder, readdirSync(folder)[0]!), "damaged");
  const next = createFolderStore(folder);
  expect(await next.get("a")).toBeUndefined();
  expect(await next.keys()).toEqual([]);
  await next.update("a", (value) => [value]);
  expect(await next.get("a")).toEqual([undefined]);
});

it("loses no update of several threads", { timeout: 60_000 }, async () => {
  const folder = newFolder();
  const script = fileURLToPath(new URL("../../test/count-in-thread.js", import.meta.url));
  const threads = [1, 2, 3].map(() => new Worker(script, { workerData: { folder, times: 40 } }));
  const codes = threads.map((thread) => new Promise((resolve) => thread.once("exit", resolve)));
  expect(await Promise.all(codes)).toEqual([0, 0, 0]);
  expect(await createFolderStore(folder).get("count")).toBe(120);
});

it("takes over the lock of a process that was killed", async () => {
  const folder = newFolder();
  const store = createFolderStore(folder);
  const lock = join(folder, "lock");
  mkdirSync(lock);
  utimesSync(lock, 0, 0);
  await store.set("a", 1);
  expect(readdirSync(folder)).toHaveLength(1);
});

it("says that there is no room in the way that makes the kit delete a model", async () => {
  // A device whose every write says that it is full.
  const files = createDiskFiles("/dev");
  await expect(files.write("full", Uint8Array.of(1), 0)).rejects.toMatchObject({
    name: "QuotaExceededError",
  });
});

it("reads a local file where it is, and never writes or removes it", async () => {
  const folder = newFolder();
  const path = join(newFolder(), "weights.onnx");
  writeFileSync(path, "0123456789");
  const files = createDiskFiles(folder, new Map([["name", path]]));
  await files.write("name", Uint8Array.of(1, 2, 3), 0);
  await files.remove("name");
  const file = (await files.open("name"))!;
  const into = new Uint8Array(4);
  file.read(into, 8);
  file.close();
  expect(file.size).toBe(10);
  expect(Buffer.from(into).toString()).toBe("89\0\0");
  expect(await files.list()).toEqual([]);
  expect(readdirSync(folder)).toEqual([]);
});
