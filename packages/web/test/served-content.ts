/** Where a server's bytes come from: buffers by path, then files in folders by URL prefix. */

import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";

/** What is served at one path. */
export interface Content {
  readonly bytes: Uint8Array;
  readonly type: string;
  /** Strong, and with its quotes: the SHA-256 of the bytes. */
  readonly etag: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The places that content is looked for in; a buffer hides the file of the same path. */
export interface Sources {
  readonly contents: ReadonlyMap<string, Uint8Array>;
  readonly folders: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".wasm": "application/wasm",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".svg": "image/svg+xml",
};

/** The content of a path, or undefined where there is none. */
export async function findContent(path: string, sources: Sources): Promise<Content | undefined> {
  const file = locate(path, sources.folders);
  const bytes = sources.contents.get(path) ?? (file === undefined ? file : await readCached(file));
  return bytes && toContent(bytes, TYPES[extname(path.endsWith("/") ? "index.html" : path)]);
}

/** Bytes as content. They are hashed once: a test that wants others puts another array in place. */
export function toContent(bytes: Uint8Array, type = "application/octet-stream"): Content {
  return { bytes, type, etag: `"${hashOf(bytes, "sha256")}"` };
}

/** The paths of everything below a URL prefix that ends with a slash, sorted. */
export async function listPaths(prefix: string, sources: Sources): Promise<string[]> {
  const found = [...sources.contents.keys()].filter((path) => path.startsWith(prefix));
  for (const [folderPrefix, folder] of Object.entries(sources.folders)) {
    if (!folderPrefix.startsWith(prefix)) continue;
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const inside = join(entry.parentPath, entry.name).slice(join(folder, sep).length);
      found.push(folderPrefix + inside.replaceAll(sep, "/"));
    }
  }
  return [...new Set(found)].sort();
}

const hashes = new WeakMap<Uint8Array, Map<string, string>>();

/** A hash in hexadecimal of a prefix and bytes, computed once per array. */
export function hashOf(bytes: Uint8Array, algorithm: "sha1" | "sha256", prefix = ""): string {
  let known = hashes.get(bytes);
  if (!known) hashes.set(bytes, (known = new Map<string, string>()));
  const key = `${algorithm} ${prefix}`;
  const hash = known.get(key) ?? createHash(algorithm).update(prefix).update(bytes).digest("hex");
  known.set(key, hash);
  return hash;
}

function locate(path: string, folders: Sources["folders"]): string | undefined {
  const prefix = Object.keys(folders)
    .filter((one) => path.startsWith(one))
    .sort((a, b) => b.length - a.length)[0];
  if (prefix === undefined) return undefined;
  const inside = normalize(path.slice(prefix.length) || "index.html");
  return inside.startsWith("..") ? undefined : join(folders[prefix]!, inside);
}

const files = new Map<string, { readonly stamp: string; readonly bytes: Uint8Array }>();

async function readCached(file: string): Promise<Uint8Array | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) return undefined;
  const stamp = `${found.size} ${found.mtimeMs}`;
  const known = files.get(file);
  if (known?.stamp === stamp) return known.bytes;
  const bytes = await readFile(file);
  files.set(file, { stamp, bytes });
  return bytes;
}
