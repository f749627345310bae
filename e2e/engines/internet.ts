/**
 * All that the pages of an engine ask of other machines: a proxy, which answers as a test's routes say and refuses the rest.
 * Nothing leaves this machine.
 */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { utils } from "./playwright-parts.ts";

export interface Internet {
  readonly host: string;
  readonly port: number;
  /** @returns what takes it back */
  route(pattern: RegExp, handler: RouteHandler): () => void;
  /** @returns what takes it back */
  hear(listener: RequestListener): () => void;
  close(): Promise<void>;
}

export type RouteHandler = (route: ReturnType<typeof toRoute>) => unknown;
export type RequestListener = (request: { url(): string }) => void;

interface Fulfilment {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly path?: string;
}

const HOST = "127.0.0.1";

/** Playwright's `Route`, as far as the tests use it. */
function toRoute(url: string, response: ServerResponse) {
  return {
    request: () => ({ url: () => url }),
    abort: () => {
      response.destroy();
    },
    async fulfill({ status = 200, headers = {}, json, path }: Fulfilment) {
      const body = path === undefined ? JSON.stringify(json) : await readFile(path);
      const type = json === undefined ? {} : { "Content-Type": "application/json" };
      response.writeHead(status, { ...type, ...headers }).end(body);
    },
  };
}

export async function openInternet(): Promise<Internet> {
  const routes: { pattern: RegExp; handler: RouteHandler }[] = [];
  const listeners = new Set<RequestListener>();
  const answer = (url: string, request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === "OPTIONS" && allowAll(request, response)) return;
    // A request of the browser's own has no such header.
    if ("sec-fetch-site" in request.headers) {
      for (const listener of listeners) listener({ url: () => url });
    }
    // As with Playwright, the last one that fits.
    const route = routes.findLast(({ pattern }) => pattern.test(url));
    if (route) route.handler(toRoute(url, response));
    else response.destroy();
  };

  const sites = createTlsServer(utils.generateSelfSignedCertificate(), (request, response) => {
    answer(`https://${request.headers.host!}${request.url!}`, request, response);
  });
  const proxy = createServer((request, response) => {
    answer(request.url!, request, response);
  });
  proxy.on("connect", (_request, socket) => {
    socket.on("error", () => undefined);
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    sites.emit("connection", socket);
  });
  // It does not know any more of those that became connections to a site.
  const sockets = new Set<Socket>();
  proxy.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  proxy.listen(0, HOST);
  await once(proxy, "listening");

  return {
    host: HOST,
    port: (proxy.address() as AddressInfo).port,
    route(pattern, handler) {
      const route = { pattern, handler };
      routes.push(route);
      return () => routes.splice(routes.indexOf(route), 1);
    },
    hear(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      proxy.close();
      for (const socket of sockets) socket.destroy();
      await once(proxy, "close");
    },
  };
}

/** Answers a browser that asks first whether it may send a request to another origin, as Playwright does. */
function allowAll({ headers }: IncomingMessage, response: ServerResponse): boolean {
  const method = headers["access-control-request-method"];
  if (method === undefined) return false;
  response
    .writeHead(204, {
      "Access-Control-Allow-Origin": headers.origin ?? "*",
      "Access-Control-Allow-Methods": method,
      "Access-Control-Allow-Headers": headers["access-control-request-headers"] ?? "*",
    })
    .end();
  return true;
}
