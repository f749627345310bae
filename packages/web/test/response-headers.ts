/** What every answer's headers say, whatever was asked for: who may read it, and for how long it keeps. */

import type { ServerResponse } from "node:http";
import type { Answer } from "./byte-range.ts";

/** What a page may see of a server's answer that knows browsers. */
const EXPOSED_HEADERS =
  "ETag, Content-Length, Content-Range, Accept-Ranges, X-Repo-Commit, X-Linked-Size, X-Linked-ETag, Link, Retry-After";

/** What the Hugging Face Hub's CDN lets a page see; nothing of rate limits is among it. */
const EXPOSED_BY_CDN =
  "Accept-Ranges, Content-Range, Content-Type, Content-Disposition, ETag, X-Cache";

/** The same of the hub itself. */
const EXPOSED_BY_HUB =
  "X-Repo-Commit, X-Request-Id, X-Error-Code, X-Error-Message, X-Total-Count, ETag, Link, Accept-Ranges, Content-Range, X-Linked-Size, X-Linked-ETag, X-Xet-Hash";

/** The CDN's files never change: another version has another address. */
const CDN_CACHE_CONTROL = "public, max-age=31536000";

export const isOfCdn = (path: string): boolean => path.startsWith("/cdn/");

/** Headers by name; undefined takes away one that would have been sent. */
export type HeaderChanges = Readonly<Record<string, string | undefined>>;

/** Sets what all answers have in common, as it is after `changes`. */
export function setCommonHeaders(
  response: ServerResponse,
  path: string,
  cacheControl: string,
  hidesHeaders: boolean,
  changes: HeaderChanges = {},
): void {
  const isPage = path.endsWith("/") || path.endsWith(".html");
  const headers: HeaderChanges = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": hidesHeaders ? undefined : exposedAt(path),
    "Cache-Control": isPage ? undefined : isOfCdn(path) ? CDN_CACHE_CONTROL : cacheControl,
    ...changes,
  };
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
}

function exposedAt(path: string): string {
  if (isOfCdn(path)) return EXPOSED_BY_CDN;
  return path.startsWith("/hub/") ? EXPOSED_BY_HUB : EXPOSED_HEADERS;
}

/** The same answer, by which nobody can tell one version of a file from another. */
export function withoutEtag(answer: Answer): Answer {
  const headers = Object.entries(answer.headers).filter(([name]) => name !== "ETag");
  return { ...answer, headers: Object.fromEntries(headers) };
}
