/**
 * A server with the chat API, over real HTTP, that answers as the engines do: each in its own words for errors, counts and the
 * end of a stream. It writes down what it was asked, and does whatever a test wants to go wrong.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** One request, as it came. */
export interface ChatRecord {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Readonly<Record<string, unknown>>;
  /** Aborts when the client has gone away. */
  readonly gone: AbortSignal;
}

/** Answers one request. */
export type ChatAnswerer = (response: ServerResponse, record: ChatRecord) => unknown;

export class ChatServer implements AsyncDisposable {
  readonly requests: ChatRecord[] = [];
  /** Answers the next requests, one each; after them, `answer` does. */
  readonly next: ChatAnswerer[] = [];
  answer: ChatAnswerer = streamOf(["A ", "cat."]);
  /** What the health check says. */
  healthStatus = 200;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  static async start(): Promise<ChatServer> {
    const server = new ChatServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}/v1`;
  }

  /** The requests for answers, without health checks. */
  get asked(): readonly ChatRecord[] {
    return this.requests.filter(({ path }) => path === "/v1/chat/completions");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page of another origin may ask, with these headers.
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "authorization, content-type");
    response.setHeader("Access-Control-Expose-Headers", "retry-after");
    if (request.method === "OPTIONS") {
      response.writeHead(204).end();
      return;
    }
    const gone = new AbortController();
    response.on("close", () => {
      gone.abort();
    });
    const text = (await buffer(request)).toString();
    const body = (text === "" ? {} : JSON.parse(text)) as ChatRecord["body"];
    const record = { path: request.url ?? "", headers: request.headers, body, gone: gone.signal };
    this.requests.push(record);
    if (request.method === "GET") {
      sendJson(this.healthStatus, { object: "list", data: [{ id: "test" }] })(response);
      return;
    }
    const answer = this.next.shift() ?? this.answer;
    try {
      await answer(response, record);
    } catch (error) {
      if (!gone.signal.aborted) throw error;
    }
  }
}

/** Sends JSON. */
export function sendJson(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

/** How engines differ in a stream. */
export interface StreamStyle {
  /** The last words: why the answer ended. */
  readonly finish?: string;
  /** Where counts are: in a last piece without choices (vLLM, SGLang, Ollama), or beside the last choice (llama.cpp). */
  readonly usage?: "own-piece" | "last-piece" | "none";
  readonly sendsDone?: boolean;
  /** A first piece with the role, as most send. */
  readonly sendsRole?: boolean;
  /** A comment before each piece, which keeps a connection alive. */
  readonly comment?: string;
  readonly pauseMs?: number;
  /** The probability of each text, as one token. */
  readonly probabilities?: readonly number[];
}

const USAGE = { prompt_tokens: 17, completion_tokens: 2, total_tokens: 19 };

/** Streams texts as an engine does. */
export function streamOf(texts: readonly string[], style: StreamStyle = {}): ChatAnswerer {
  const { finish = "stop", usage = "own-piece", sendsDone = true, sendsRole = true } = style;
  return async (response, { gone }) => {
    beginStream(response);
    if (sendsRole) writeEvent(response, piece({ role: "assistant", content: "" }));
    for (const [index, content] of texts.entries()) {
      if (style.comment !== undefined) response.write(`: ${style.comment}\n\n`);
      if (style.pauseMs !== undefined) await sleep(style.pauseMs, undefined, { signal: gone });
      const probability = style.probabilities?.[index];
      writeEvent(response, piece({ content }, null, probability));
    }
    const last = piece({}, finish);
    writeEvent(response, usage === "last-piece" ? { ...last, usage: USAGE } : last);
    if (usage === "own-piece") writeEvent(response, { ...last, choices: [], usage: USAGE });
    if (sendsDone) response.write("data: [DONE]\n\n");
    response.end();
  };
}

export function beginStream(response: ServerResponse): void {
  response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
}

export function writeEvent(response: ServerResponse, data: unknown, event?: string): void {
  if (event !== undefined) response.write(`event: ${event}\n`);
  response.write(`data: ${JSON.stringify(data)}\n\n`);
}

export function piece(
  delta: Readonly<Record<string, unknown>>,
  finish_reason: string | null = null,
  probability?: number,
) {
  const logprob = probability === undefined ? undefined : Math.log(probability);
  const token = { token: "x", logprob, bytes: null, top_logprobs: [{ token: "x", logprob }] };
  const logprobs = logprob === undefined ? null : { content: [token] };
  const choice = { index: 0, delta, logprobs, finish_reason };
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [choice],
  };
}
