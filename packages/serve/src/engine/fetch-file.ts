/** Answers requests for `file:` addresses, which Node's own `fetch` refuses: a model's files in a folder of this machine. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** A whole file, or the range that is asked for. */
export async function fetchFile(url: string, init: RequestInit = {}): Promise<Response> {
  const path = fileURLToPath(url);
  const { size, isFile } = await statOf(path);
  if (!isFile) return new Response(null, { status: 404 });
  const range = /^bytes=(\d+)-(\d*)$/.exec(new Headers(init.headers).get("range") ?? "");
  const first = Number(range?.[1] ?? 0);
  const last = Math.min(size, range?.[2] ? Number(range[2]) + 1 : size) - 1;
  if (range && first > last) return new Response(null, { status: 416 });
  const headers = {
    "content-type": "application/octet-stream",
    "content-length": String(last - first + 1),
    ...(range && { "content-range": `bytes ${first}-${last}/${size}` }),
  };
  const signal = init.signal ?? undefined;
  const stream = createReadStream(path, { start: first, end: last, ...(signal && { signal }) });
  const body = size === 0 ? null : (Readable.toWeb(stream) as ReadableStream);
  return new Response(body, { status: range ? 206 : 200, headers });
}

async function statOf(path: string): Promise<{ size: number; isFile: boolean }> {
  try {
    const found = await stat(path);
    return { size: found.size, isFile: found.isFile() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { size: 0, isFile: false };
  }
}
