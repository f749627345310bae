/**
 * The HTTP server of all tests: serves folders and buffers with byte ranges, shows a model's files
 * in the Hugging Face Hub's layout too, writes down what was asked, and does whatever a test wants
 * to go wrong: it lies, stalls, cuts sockets and goes down.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Asked } from "./byte-range.ts";
import { decideAnswer, type Decision } from "./decide-answer.ts";
import type { Fault, Strikes } from "./faults.ts";
import type { HubSettings } from "./hub-api.ts";
import { recordRequest, type RequestRecord } from "./request-record.ts";
import { isOfCdn, setCommonHeaders, withoutEtag, type HeaderChanges } from "./response-headers.ts";
import { sendAnswer, wait } from "./send-answer.ts";

export interface FaultServerOptions {
  /** URL prefix to folder. */
  readonly folders?: Readonly<Record<string, string>>;
  /** Path to bytes, to begin with. */
  readonly contents?: Readonly<Record<string, Uint8Array>>;
  /** Changes to the headers of every answer. */
  readonly headers?: (path: string) => HeaderChanges;
}

/** Listens on a free port, until `close()` or the end of an `await using` block. */
export async function startFaultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  const server = new FaultServer(options);
  await server.listen();
  return server;
}

export class FaultServer implements AsyncDisposable {
  /** Path to bytes. A buffer hides the file of the same path; put another array there to change it. */
  readonly contents: Map<string, Uint8Array>;
  /** What goes wrong, from the next request on. */
  readonly faults: Fault[] = [];
  /** Paths of all requests, in order. */
  readonly requests: string[] = [];
  readonly log: RequestRecord[] = [];
  readonly hub: HubSettings = { commit: "0".repeat(40), pageSize: 1000, cdnOrigin: "" };
  /** The request headers that a preflight allows; like a CDN's, they do not hold `If-Range`. */
  allowedHeaders: string[] = ["Content-Type", "Range"];
  /**
   * On all but web pages, so that the log shows what was asked for and not what the browser's cache
   * made of it.
   */
  cacheControl = "no-store";
  /** Whether answers below `/cdn/` name no version, as those of the hub's CDN do at times. */
  hidesEtag = false;
  /** Destroys the socket of every request. */
  isDown = false;
  /** The most requests at the same time; a test may set it back. */
  maxActive = 0;
  /** Also known when the server is closed: tests compare addresses afterwards. */
  #port = 0;
  #active = 0;
  readonly #options: FaultServerOptions;
  readonly #strikes: Strikes = new WeakMap();
  readonly #startedAt = performance.now();
  readonly #server: Server;

  constructor(options: FaultServerOptions) {
    this.#options = options;
    this.contents = new Map(Object.entries(options.contents ?? {}));
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.destroy(error as Error);
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://localhost:${this.#port}`;
  }

  /** The same server as another origin. */
  get otherOrigin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Requests whose answers are not over. */
  get activeRequests(): number {
    return this.#active;
  }

  /** Serves other bytes at a path, and another ETag, from now on. */
  replace(path: string, bytes: Uint8Array): void {
    this.contents.set(path, bytes);
  }

  /** Destroys every open socket. */
  cutAll(): void {
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.cutAll();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#active++;
    this.maxActive = Math.max(this.maxActive, this.#active);
    response.once("close", () => this.#active--);
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? "localhost"}`);
    const record = recordRequest(request, url, performance.now() - this.#startedAt);
    this.requests.push(record.path);
    this.log.push(record);
    if (this.isDown) {
      response.destroy();
      return;
    }
    const { answer, range, delayMs, bytesPerSecond, hidesHeaders } =
      record.method === "OPTIONS"
        ? this.#preflight()
        : await decideAnswer(url, toAsked(request), {
            sources: { contents: this.contents, folders: this.#options.folders ?? {} },
            hub: this.hub,
            faults: this.faults,
            strikes: this.#strikes,
          });
    if (range) record.range = range;
    if (delayMs > 0) await wait(delayMs);
    const changes = this.#options.headers?.(record.path);
    setCommonHeaders(response, record.path, this.cacheControl, hidesHeaders, changes);
    const sent = this.hidesEtag && isOfCdn(record.path) ? withoutEtag(answer) : answer;
    if (answer.ending !== "silence") record.status = answer.status;
    const onSent = (bytes: number): void => void (record.sentBytes += bytes);
    await sendAnswer(response, sent, onSent, bytesPerSecond);
  }

  #preflight(): Decision {
    const headers = {
      "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
      "Access-Control-Allow-Headers": this.allowedHeaders.join(", "),
    };
    const answer = { status: 204, headers, body: new Uint8Array() };
    return { answer, delayMs: 0, hidesHeaders: false };
  }
}

function toAsked({ method = "GET", headers }: IncomingMessage): Asked {
  return { method, range: headers.range, ifRange: headers["if-range"]?.toString() };
}
