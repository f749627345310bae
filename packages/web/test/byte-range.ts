/** Single byte ranges as RFC 9110 has them: what a request asks for, and the honest answer to it. */

import type { Content } from "./served-content.ts";

/** The first and the last byte, both included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** How a request asks for content. */
export interface Asked {
  readonly method: string;
  /** The `Range` header. */
  readonly range?: string | undefined;
  /** The `If-Range` header. */
  readonly ifRange?: string | undefined;
}

/** What goes back, before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array;
  /** The bytes of the file that the body holds. */
  readonly range?: ByteRange;
  /**
   * After the body: the answer is over, the socket is destroyed, or nothing more comes.
   * `silence` sends not even headers.
   */
  readonly ending?: "end" | "cut" | "stall" | "silence";
}

/**
 * The bytes that a `Range` header means in a file of `size` bytes, and whether the file has any of
 * them. Undefined for what a server ignores: no header, several ranges, another unit, nonsense.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): { readonly range: ByteRange; readonly isSatisfiable: boolean } | undefined {
  const [, first, last] = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || first + last === "") return undefined;
  if (first === "") {
    const suffix = Math.min(Number(last), size);
    if (suffix === 0) return { range: { start: size, end: size }, isSatisfiable: false };
    return { range: { start: size - suffix, end: size - 1 }, isSatisfiable: true };
  }
  const start = Number(first);
  const end = last === "" ? Math.max(start, size - 1) : Number(last);
  if (end < start) return undefined;
  if (start >= size) return { range: { start, end }, isSatisfiable: false };
  return { range: { start, end: Math.min(end, size - 1) }, isSatisfiable: true };
}

/** The answer of a server that does everything right. */
export function answerHonestly(content: Content, asked: Asked): Answer {
  const { bytes, etag, type } = content;
  const headers = {
    "Content-Type": type,
    "Accept-Ranges": "bytes",
    ETag: etag,
    ...content.headers,
  };
  const wanted = asked.method === "GET" ? parseRange(asked.range, bytes.length) : undefined;
  // A date or a weak tag never matches: this server sends neither.
  const isSameFile = asked.ifRange === undefined || asked.ifRange === etag;
  if (!wanted || !isSameFile) {
    const whole = { start: 0, end: bytes.length - 1 };
    return {
      status: 200,
      headers: { ...headers, "Content-Length": bytes.length },
      body: bytes,
      range: whole,
    };
  }
  if (!wanted.isSatisfiable) {
    const contentRange = `bytes */${bytes.length}`;
    return {
      status: 416,
      headers: { "Content-Range": contentRange, "Content-Length": 0 },
      body: new Uint8Array(),
    };
  }
  const { start, end } = wanted.range;
  const contentRange = `bytes ${start}-${end}/${bytes.length}`;
  return {
    status: 206,
    headers: { ...headers, "Content-Range": contentRange, "Content-Length": end - start + 1 },
    body: bytes.subarray(start, end + 1),
    range: wanted.range,
  };
}
