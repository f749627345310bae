/** Serves the page, the pictures and a local model to our own Chromium, on the loopback interface. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { ISOLATION_HEADERS } from "../../vite.config.ts";

export interface FileServer {
  readonly port: number;
  close(): void;
}

/** What is served where. */
export interface Served {
  /** The only `Host` that is answered: pages of other sites cannot read the files through the user's browser. */
  readonly host: string;
  /** URL prefix to folder. */
  readonly folders: Readonly<Record<string, string>>;
  /** URL path to file. */
  readonly files: ReadonlyMap<string, string>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Listens on a free port. */
export async function serveFiles(served: Served): Promise<FileServer> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = request.headers.host === served.host ? locate(path, served) : undefined;
    sendFile(response, file).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function locate(path: string, { folders, files }: Served): string | undefined {
  const file = files.get(path);
  if (file !== undefined) return file;
  const prefix = Object.keys(folders)
    .filter((one) => path.startsWith(one))
    .sort((a, b) => b.length - a.length)[0];
  if (prefix === undefined) return undefined;
  const inside = normalize(path.slice(prefix.length) || "index.html");
  return inside.startsWith("..") ? undefined : join(folders[prefix]!, inside);
}

async function sendFile(response: ServerResponse, file: string | undefined): Promise<void> {
  const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
  if (file === undefined || !found?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    ...ISOLATION_HEADERS,
    "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
    "Content-Length": found.size,
  });
  createReadStream(file)
    .on("error", (error) => response.destroy(error))
    .pipe(response);
}
