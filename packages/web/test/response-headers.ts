/** What every answer's headers say, whatever was asked for: who may read it, and for how long it keeps. */

import type { ServerResponse } from "node:http";

/** What the Hugging Face Hub and its CDN let a page see. */
const EXPOSED_HEADERS =
  "ETag, Content-Length, Content-Range, Accept-Ranges, X-Repo-Commit, X-Linked-Size, X-Linked-ETag, Link, Retry-After";

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
    "Access-Control-Expose-Headers": hidesHeaders ? undefined : EXPOSED_HEADERS,
    "Cache-Control": isPage ? undefined : cacheControl,
    ...changes,
  };
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
}
