/** Serves the pages and the model to our own Chromium, isolated, with ranges, and remembers how many bytes went out. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { ISOLATION_HEADERS } from "../vite.config.ts";

export interface BenchServer {
  readonly port: number;
  /** Every file sent since the start, by path on disk, in order. */
  readonly sent: { readonly path: string; readonly bytes: number }[];
  close(): void;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Listens on a free port of the loopback interface. `folders` maps URL prefixes to folders. */
export async function startServer(
  folders: Readonly<Record<string, string>>,
  { isIsolated = true } = {},
): Promise<BenchServer> {
  const sent: BenchServer["sent"] = [];
  const headers = isIsolated ? ISOLATION_HEADERS : {};
  const server = createServer((request, response) => {
    answer(request, response, { folders, sent, headers }).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    sent,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Site extends Pick<BenchServer, "sent"> {
  readonly folders: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { folders, sent, headers }: Site,
): Promise<void> {
  const path = locate(request.url ?? "/", folders);
  const found = path === undefined ? undefined : await stat(path).catch(() => undefined);
  if (path === undefined || !found?.isFile()) {
    response.writeHead(404, headers).end();
    return;
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = range ? Number(range[1]) : 0;
  const end = range?.[2] ? Math.min(Number(range[2]), found.size - 1) : found.size - 1;
  response.writeHead(range ? 206 : 200, {
    ...headers,
    "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
    "Content-Length": end - start + 1,
    "Accept-Ranges": "bytes",
    ETag: `"${found.size}-${found.mtimeMs}"`,
    ...(range && { "Content-Range": `bytes ${start}-${end}/${found.size}` }),
  });
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  sent.push({ path, bytes: end - start + 1 });
  createReadStream(path, { start, end: Math.max(start, end) })
    .on("error", (error) => response.destroy(error))
    .pipe(response);
}

function locate(url: string, folders: Readonly<Record<string, string>>): string | undefined {
  const path = decodeURIComponent(new URL(url, "http://localhost").pathname);
  const prefix = Object.keys(folders)
    .filter((one) => path.startsWith(one))
    .sort((a, b) => b.length - a.length)[0];
  if (prefix === undefined) return undefined;
  const inside = normalize(path.slice(prefix.length));
  return inside.startsWith("..") ? undefined : join(folders[prefix]!, inside);
}
