/** Makes one request to the chat API and reads its answer, piece by piece, within limits of time and size. */

import { toSafeText } from "../protocol/safe-text.ts";
import { chatAnswer, chatError, type ChatAnswer } from "../schema/chat-answer.ts";
import { readStored } from "../schema/read.ts";
import { readWait } from "../shared/rate-limit.ts";
import { nodeFailed } from "./node-failed.ts";
import { createPatience, type Patience } from "./patience.ts";
import { readEvents } from "./read-events.ts";

/** How long to wait, in milliseconds. */
export interface ChatTimeouts {
  readonly answerMs: number;
  readonly firstTextMs: number;
  readonly stallMs: number;
}

export interface ChatRequest {
  /** The name of the node, for errors. */
  readonly node: string;
  readonly url: string;
  readonly body: string;
  readonly key: string | undefined;
  readonly timeouts: ChatTimeouts;
  /** The most bytes that the answer may have. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * The pieces of the answer, in order. Leaving the loop ends the request.
 *
 * @throws {VlmError} `node-failed`; the signal's reason as soon as it aborts
 */
export async function* requestChat(request: ChatRequest): AsyncGenerator<ChatAnswer, void> {
  request.signal.throwIfAborted();
  const patience = createPatience(request.node, request.signal);
  try {
    yield* readAnswer(request, patience);
  } finally {
    patience.end();
  }
}

async function* readAnswer(
  request: ChatRequest,
  patience: Patience,
): AsyncGenerator<ChatAnswer, void> {
  const { node, timeouts, maxBytes } = request;
  const startedAt = performance.now();
  const response = await patience.until(
    startedAt + Math.min(timeouts.answerMs, timeouts.firstTextMs),
    post(request, patience.signal),
  );
  const deadlines = createDeadlines(startedAt, timeouts);
  const body = readBody(response, { node, maxBytes, patience, deadlines });
  await assertAnswer(response, body, request);
  if (kindOf(response) === "json") {
    yield toAnswer(node, parseJson(node, await readText(body)), request.key);
    return;
  }
  let hasEnded = false;
  for await (const { event, data } of readEvents(body)) {
    if (data.trim() === "[DONE]") return;
    const piece = toAnswer(node, parseJson(node, data), request.key, event === "error");
    hasEnded ||= piece.choices.some(({ finish_reason }) => typeof finish_reason === "string");
    deadlines.hasText ||= hasTextIn(piece);
    yield piece;
  }
  // Some servers leave the mark of the end out, but none leaves out why the answer ended.
  if (!hasEnded) throw nodeFailed(node, "cut-short");
}

/**
 * Sends nothing of the user but what is in the request: no cookies, no referrer. It follows no redirect, since another address
 * would get the images and the key.
 */
function post({ url, body, key }: ChatRequest, signal: AbortSignal): Promise<Response> {
  return fetch(url, {
    method: "POST",
    mode: "cors",
    credentials: "omit",
    referrerPolicy: "no-referrer",
    redirect: "manual",
    cache: "no-store",
    headers: {
      "Content-Type": "application/json",
      Accept: "text/event-stream, application/json",
      ...(key !== undefined && { Authorization: `Bearer ${key}` }),
    },
    body,
    signal,
  });
}

/** When the next byte has to be there. */
interface Deadlines {
  hasText: boolean;
  readonly next: number;
}

function createDeadlines(startedAt: number, { firstTextMs, stallMs }: ChatTimeouts): Deadlines {
  return {
    hasText: false,
    get next() {
      return this.hasText ? performance.now() + stallMs : startedAt + firstTextMs;
    },
  };
}

interface BodyOptions {
  readonly node: string;
  readonly maxBytes: number;
  readonly patience: Patience;
  readonly deadlines: Deadlines;
}

async function* readBody(
  { body }: Response,
  { node, maxBytes, patience, deadlines }: BodyOptions,
): AsyncGenerator<string, void> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let bytes = 0;
  while (reader) {
    const { done, value } = await patience.until(deadlines.next, reader.read());
    if (done) return;
    bytes += value.byteLength;
    if (bytes > maxBytes) throw nodeFailed(node, "too-large");
    yield decoder.decode(value, { stream: true });
  }
}

async function readText(body: AsyncGenerator<string, void>): Promise<string> {
  let text = "";
  for await (const part of body) text += part;
  return text;
}

/** @throws {VlmError} `node-failed` for whatever is no answer: redirects, HTTP errors, web pages */
async function assertAnswer(
  response: Response,
  body: AsyncGenerator<string, void>,
  { node, key }: ChatRequest,
): Promise<void> {
  const { status, type, headers } = response;
  if (type === "opaqueredirect" || (status >= 300 && status < 400)) {
    throw nodeFailed(node, "redirect");
  }
  if (!response.ok) {
    const retryAfterMs = readWait(headers);
    const said = await readText(body).catch(() => ""); // What it says of its error is only for `cause`.
    throw nodeFailed(node, "http-status", {
      status,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      cause: toCause(said, key),
    });
  }
  if (kindOf(response) === undefined) throw nodeFailed(node, "garbage");
}

function kindOf({ headers }: Response): "events" | "json" | undefined {
  const type = headers.get("content-type") ?? "";
  if (/^text\/event-stream\b/i.test(type)) return "events";
  return /^application\/json\b/i.test(type) ? "json" : undefined;
}

function parseJson(node: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw nodeFailed(node, "garbage");
  }
}

function toAnswer(
  node: string,
  value: unknown,
  key: string | undefined,
  isError = false,
): ChatAnswer {
  if (isError || readStored(chatError, value)) {
    throw nodeFailed(node, "server-error", { cause: toCause(JSON.stringify(value), key) });
  }
  const answer = readStored(chatAnswer, value);
  if (!answer) throw nodeFailed(node, "garbage");
  return answer;
}

function hasTextIn({ choices }: ChatAnswer): boolean {
  return choices.some(({ delta }) => (delta?.content ?? "") !== "");
}

const MOST_SAID = 2_000;

/** What a server said of its error, for `debug`. Some write the key into it. */
function toCause(said: string, key: string | undefined): Error {
  const text = toSafeText(said.slice(0, MOST_SAID));
  return new Error(key === undefined || key === "" ? text : text.replaceAll(key, "…"));
}
