/** What a server writes down about one request. */

import type { IncomingMessage } from "node:http";
import type { ByteRange } from "./byte-range.ts";

/** One request, and what became of it so far: the entry is there from its arrival on. */
export interface RequestRecord {
  readonly method: string;
  readonly path: string;
  /** What follows the path, with its question mark; empty where nothing does. */
  readonly query: string;
  /** The bytes asked for, within the file where it has them. */
  range?: ByteRange;
  readonly ifRange?: string;
  /** 0 while, and where, there is no answer. */
  status: number;
  /** Bytes of the body that the network took. */
  sentBytes: number;
  /** Milliseconds since the server started. */
  readonly at: number;
}

/** The entry of a request that has just arrived. */
export function recordRequest(request: IncomingMessage, url: URL, at: number): RequestRecord {
  const ifRange = request.headers["if-range"]?.toString();
  return {
    method: request.method ?? "GET",
    path: decodeURIComponent(url.pathname),
    query: url.search,
    ...(ifRange !== undefined && { ifRange }),
    status: 0,
    sentBytes: 0,
    at,
  };
}
