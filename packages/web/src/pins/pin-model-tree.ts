/**
 * The list of a repository's files, which the hub's API returns page by page
 * (https://huggingface.co/docs/huggingface.js/hub/interfaces/ListFileEntry). Every field is checked.
 */

import { isByteCount, isCommit, isSha256 } from "../schema/manifest-fields.ts";
import { invalidAnswer, readJson, type Hub } from "./pin-model-hub.ts";

export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  /** The id of git's object: of the file itself, or of the pointer to it in Large File Storage. */
  readonly gitId: string;
  /** The hash of the file if it is in Large File Storage, otherwise undefined. */
  readonly sha256: string | undefined;
}

/** Each page has a thousand files, so this is far more than any model has. */
const MAX_PAGES = 20;

/** The `wanted` files that the repository has, by path. */
export async function listFiles(
  hub: Hub,
  commit: string,
  wanted: ReadonlySet<string>,
): Promise<ReadonlyMap<string, ListedFile>> {
  const found = new Map<string, ListedFile>();
  let query: string | undefined = "?recursive=true";
  for (let page = 0; query !== undefined; page++) {
    if (page === MAX_PAGES) throw invalidAnswer(hub, "its list of files does not end");
    const tree = `api/models/${hub.repository}/tree/${commit}`;
    const { value, headers } = await readJson(hub, tree + query);
    if (!Array.isArray(value)) throw invalidAnswer(hub, "its list of files is no list");
    for (const entry of value as readonly unknown[]) {
      const { type, path } = readFields(hub, entry);
      if (typeof path !== "string") throw invalidAnswer(hub, "it lists a file without a path");
      if (type !== "file" || !wanted.has(path)) continue;
      if (found.has(path)) throw invalidAnswer(hub, "it is listed twice", path);
      found.set(path, toListedFile(hub, path, entry));
    }
    query = nextQuery(hub, headers.get("link"));
  }
  return found;
}

function toListedFile(hub: Hub, path: string, entry: unknown): ListedFile {
  const { size, oid, lfs } = readFields(hub, entry);
  if (!isByteCount(size)) throw invalidAnswer(hub, "its size is no number of bytes", path);
  if (!isCommit(oid)) throw invalidAnswer(hub, "its `oid` is not a hash of git's", path);
  if (lfs === undefined) return { path, bytes: size, gitId: oid, sha256: undefined };
  const storage = readFields(hub, lfs);
  if (!isSha256(storage["oid"])) throw invalidAnswer(hub, "its `lfs.oid` is not a SHA-256", path);
  if (storage["size"] !== size) throw invalidAnswer(hub, "it is listed with two sizes", path);
  return { path, bytes: size, gitId: oid, sha256: storage["oid"] };
}

function readFields(hub: Hub, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw invalidAnswer(hub, "an entry of its list of files is no object");
}

/**
 * The query of the next page. Only the query is taken from the header. The header of a mirror may name the host that it
 * mirrors, and an answer must not choose the host of the next request.
 */
function nextQuery(hub: Hub, link: string | null): string | undefined {
  const target = /<([^<>]*)>\s*;\s*rel="?next\b/.exec(link ?? "")?.[1];
  if (target === undefined) return undefined;
  try {
    return new URL(target, "https://huggingface.co").search;
  } catch (cause) {
    throw invalidAnswer(hub, "the address of its next page is none", hub.repository, { cause });
  }
}
