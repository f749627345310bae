/**
 * The Hugging Face Hub, as far as a loader sees it, for whatever the server has below
 * `/cdn/{owner}/{name}/`:
 *
 * - `/hub/{owner}/{name}/resolve/{revision}/{path}` redirects there; where there is anything below
 *   `/cdn/{owner}/{name}@{commit}/`, that is what the repository has at this commit;
 * - `/hub/api/models/{owner}/{name}/revision/{revision}` names the commit;
 * - `/hub/api/models/{owner}/{name}/tree/{revision}?recursive=true` lists the files, page by page.
 */

import type { Answer } from "./byte-range.ts";
import { answerText } from "./fault-answer.ts";
import { listTree, toHubFile, type TreeEntry } from "./hub-tree.ts";
import { findContent, listPaths, toContent, type Content, type Sources } from "./served-content.ts";

/** What a test may set of the hub, at any time. */
export interface HubSettings {
  /** The commit that a branch is at. A revision of 40 hexadecimal digits is its own. */
  commit: string;
  /** Entries of a tree per page. */
  pageSize: number;
  /** Where redirects lead: another origin, as the hub's CDN is. Default: this one. */
  cdnOrigin: string;
}

const RESOLVE = /^\/hub\/(?!api\/)([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/;
const API = /^\/hub\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)$/;

export const isHubPath = (path: string): boolean => path.startsWith("/hub/");

/** A redirect is struck only by faults that name the hub: others mean the file it leads to. */
export const isHubRedirect = (path: string): boolean => RESOLVE.test(path);

/** The hub's answer to a path below `/hub/`: content, which faults may strike, or an answer as it is. */
export async function answerAsHub(
  url: URL,
  settings: HubSettings,
  sources: Sources,
): Promise<Content | Answer> {
  const path = decodeURIComponent(url.pathname);
  const [, linked, linkedRevision, file] = RESOLVE.exec(path) ?? [];
  if (linked !== undefined) {
    const commit = commitOf(linkedRevision!, settings);
    return redirect(await prefixOf(linked, commit, sources), commit, file!, settings, sources);
  }
  const [, repository, question, revision] = API.exec(path) ?? [];
  if (repository === undefined) return answerError(404, "EntryNotFound");
  const prefix = await prefixOf(repository, commitOf(revision!, settings), sources);
  const paths = await listPaths(prefix, sources);
  if (paths.length === 0) return answerError(401, "RepoNotFound");
  if (question === "revision") {
    return toJson({ id: repository, sha: commitOf(revision!, settings) });
  }
  const isRecursive = url.searchParams.get("recursive") === "true";
  const entries = await listTree(prefix, paths, sources);
  return toPage(
    isRecursive ? entries : entries.filter((entry) => !entry.path.includes("/")),
    url,
    settings.pageSize,
  );
}

function commitOf(revision: string, settings: HubSettings): string {
  return /^[0-9a-f]{40}$/.test(revision) ? revision : settings.commit;
}

/** A repository's files at a commit, where the server has some of that commit's own; else those of all. */
async function prefixOf(repository: string, commit: string, sources: Sources): Promise<string> {
  const own = `/cdn/${repository}@${commit}/`;
  return (await listPaths(own, sources)).length > 0 ? own : `/cdn/${repository}/`;
}

/** Large files are on another host, which cannot tell their hash: the redirect does. */
async function redirect(
  prefix: string,
  commit: string,
  file: string,
  { cdnOrigin }: HubSettings,
  sources: Sources,
): Promise<Answer> {
  const target = prefix + file;
  const content = await findContent(target, sources);
  if (!content) return answerError(404, "EntryNotFound", { "X-Repo-Commit": commit });
  const { lfs, oid, size } = toHubFile(file, content.bytes);
  return answerText(lfs ? 302 : 307, "", {
    Location: cdnOrigin + encodeURI(target),
    "X-Repo-Commit": commit,
    "X-Linked-Size": size,
    "X-Linked-ETag": `"${lfs?.oid ?? oid}"`,
  });
}

function answerError(status: number, code: string, headers: Answer["headers"] = {}): Answer {
  return answerText(status, JSON.stringify({ error: code }), {
    "Content-Type": "application/json",
    "X-Error-Code": code,
    ...headers,
  });
}

function toPage(entries: readonly TreeEntry[], url: URL, pageSize: number): Content {
  const start = Number(url.searchParams.get("cursor") ?? 0);
  const end = start + Math.min(pageSize, Number(url.searchParams.get("limit") ?? Infinity));
  const page = toJson(entries.slice(start, end));
  if (end >= entries.length) return page;
  const next = new URL(url);
  next.searchParams.set("cursor", String(end));
  return { ...page, headers: { Link: `<${next.href}>; rel="next"` } };
}

function toJson(value: unknown): Content {
  return toContent(Buffer.from(JSON.stringify(value)), "application/json");
}
