/** A repository's tree as the hub's API lists it, with git's own hashes of the true content. */

import { createHash } from "node:crypto";
import { findContent, hashOf, type Sources } from "./served-content.ts";

export interface TreeEntry {
  readonly type: "file" | "directory";
  /** The SHA-1 of git's object: of the pointer, where the file itself is in Large File Storage. */
  readonly oid: string;
  readonly size: number;
  readonly path: string;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

/** Files above this, and all ONNX files, are in Large File Storage. */
const LFS_BYTES = 1_000_000;

/** A file's entry. */
export function toHubFile(path: string, bytes: Uint8Array): TreeEntry {
  const size = bytes.length;
  if (size <= LFS_BYTES && !path.endsWith(".onnx")) {
    return { type: "file", oid: hashOf(bytes, "sha1", `blob ${size}\0`), size, path };
  }
  const sha256 = hashOf(bytes, "sha256");
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
  const oid = hashObject("blob", Buffer.from(pointer));
  const lfs = { oid: sha256, size, pointerSize: pointer.length };
  return { type: "file", oid, size, path, lfs };
}

/** All files below a URL prefix, each directory before what is in it. */
export async function listTree(
  prefix: string,
  paths: readonly string[],
  sources: Sources,
): Promise<TreeEntry[]> {
  const files: TreeEntry[] = [];
  for (const path of paths) {
    const content = await findContent(path, sources);
    if (content) files.push(toHubFile(path.slice(prefix.length), content.bytes));
  }
  return listFolder("", files);
}

/** The entries of one directory (its name ends with a slash; the root's is empty) and below. */
function listFolder(folder: string, files: readonly TreeEntry[]): TreeEntry[] {
  const inside = files.filter((file) => file.path.startsWith(folder));
  const names = new Set(inside.map((file) => file.path.slice(folder.length).split("/")[0]!));
  return [...names].flatMap((name) => {
    const path = folder + name;
    const file = inside.find((one) => one.path === path);
    if (file) return [file];
    const below = listFolder(`${path}/`, inside);
    return [{ type: "directory", oid: hashTree(path, below), size: 0, path }, ...below];
  });
}

function hashTree(folder: string, below: readonly TreeEntry[]): string {
  const children = below
    .map(({ type, oid, path }) => ({ type, oid, name: path.slice(folder.length + 1) }))
    .filter(({ name }) => !name.includes("/"))
    // Git sorts a directory as if its name ended with a slash.
    .map((child) => ({ ...child, key: child.name + (child.type === "directory" ? "/" : "") }))
    .sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)))
    .map(({ type, oid, name }) => [
      Buffer.from(`${type === "directory" ? "40000" : "100644"} ${name}\0`),
      Buffer.from(oid, "hex"),
    ]);
  return hashObject("tree", Buffer.concat(children.flat()));
}

function hashObject(type: "blob" | "tree", bytes: Uint8Array): string {
  return createHash("sha1").update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");
}
