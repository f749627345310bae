/**
 * A real HTTP server for browser tests: serves the built pages, the model's files, and the same
 * files in the Hugging Face Hub's layout with its redirects and headers. Tests read what was
 * requested and plant faults.
 */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

/** What goes wrong with requests whose path contains `path`. */
export interface Fault {
  readonly path: string;
  readonly kind: "status" | "html" | "truncate" | "corrupt" | "stall" | "cut";
  readonly status?: number;
}

export interface TestServerOptions {
  /** Answers with cross-origin isolation headers. */
  readonly isolated: boolean;
  /** URL prefix to folder. */
  readonly folders: Readonly<Record<string, string>>;
}

export interface TestServer {
  readonly origin: string;
  /** Paths of all requests, in order. */
  readonly requests: string[];
  readonly faults: Fault[];
  /** Sends no isolation headers from now on, or sends them again. */
  isolated: boolean;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".svg": "image/svg+xml",
};

/** The hub's addresses: `/hub/{owner}/{name}/resolve/{revision}/{path}`. */
const HUB = /^\/hub\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/;

export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const requests: string[] = [];
  const faults: Fault[] = [];
  const state = { isolated: options.isolated };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    requests.push(path);
    setHeaders(response, path, state.isolated);
    const hub = HUB.exec(path);
    if (hub) {
      redirectLikeTheHub(response, hub);
      return;
    }
    const fault = faults.find((one) => path.includes(one.path));
    if (fault && fault.kind !== "truncate" && fault.kind !== "corrupt" && fault.kind !== "cut") {
      failAtOnce(response, fault);
      return;
    }
    await sendFile(response, path, options.folders, fault);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    requests,
    faults,
    get isolated() {
      return state.isolated;
    },
    set isolated(value) {
      state.isolated = value;
    },
    close: () => closeServer(server),
  };
}

function setHeaders(response: ServerResponse, path: string, isolated: boolean): void {
  if (isolated) {
    response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
    response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    response.setHeader("Cross-Origin-Resource-Policy", "cross-origin");
  }
  // Like the hub, and unlike a folder of private pictures.
  if (!path.startsWith("/no-cors/")) response.setHeader("Access-Control-Allow-Origin", "*");
}

/** Large files are redirected to another host with their hash in the headers, small ones are not. */
function redirectLikeTheHub(
  response: ServerResponse,
  [, repository, revision, file]: RegExpExecArray,
): void {
  const target = `/cdn/${repository!}/${file!}`;
  response.setHeader("X-Repo-Commit", revision === "main" ? "0".repeat(40) : revision!);
  response.setHeader("X-Linked-Etag", '"not-checked"');
  response.writeHead(file!.endsWith(".json") ? 307 : 302, { Location: target });
  response.end();
}

function failAtOnce(response: ServerResponse, fault: Fault): void {
  if (fault.kind === "stall") return; // No answer, until the client gives up.
  if (fault.kind === "html") {
    response
      .writeHead(200, { "Content-Type": "text/html" })
      .end("<!doctype html><title>Sign in</title>");
    return;
  }
  response.writeHead(fault.status ?? 500).end("fault");
}

async function sendFile(
  response: ServerResponse,
  path: string,
  folders: TestServerOptions["folders"],
  fault: Fault | undefined,
): Promise<void> {
  const file = locate(path, folders);
  const size = file === undefined ? undefined : await sizeOf(file);
  if (file === undefined || size === undefined) {
    response.writeHead(404, { "Content-Type": "text/plain" }).end("not found");
    return;
  }
  response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
  response.setHeader("Content-Length", size);
  if (fault?.kind === "truncate") response.setHeader("Content-Length", Math.floor(size / 2));
  const end =
    fault?.kind === "truncate" || fault?.kind === "cut" ? Math.floor(size / 2) - 1 : size - 1;
  const stream = createReadStream(file, { end: Math.max(0, end) });
  stream.on("data", (chunk) => {
    if (fault?.kind === "corrupt") (chunk as Buffer)[0]! ^= 1;
    response.write(chunk);
  });
  stream.on("end", () => {
    if (fault?.kind === "cut") response.destroy();
    else response.end();
  });
}

function locate(path: string, folders: TestServerOptions["folders"]): string | undefined {
  const prefix = Object.keys(folders)
    .filter((one) => path.startsWith(one))
    .sort((a, b) => b.length - a.length)[0];
  if (prefix === undefined) return undefined;
  const inside = normalize(path.slice(prefix.length) || "index.html");
  return inside.startsWith("..") ? undefined : join(folders[prefix]!, inside);
}

async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
