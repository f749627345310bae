/** What goes wrong between a page and a node, over real HTTP, and what the caller gets. */

import { describe, expect, it, vi } from "vitest";
import {
  beginStream,
  ChatServer,
  piece,
  sendJson,
  streamOf,
  writeEvent,
  type ChatAnswerer,
} from "../../test/chat-server.ts";
import { createRemoteClient, nodeAt } from "../../test/remote-client.ts";
import type { RemoteNodeOptions } from "../api/remote.ts";
import { VlmError, type VlmErrorDetails } from "../protocol/errors.ts";

const failureOf = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => "an answer",
    (error: unknown) => (VlmError.is(error) ? { code: error.code, ...error.details } : error),
  );

const stall: ChatAnswerer = () => undefined;
const quick = { answerMs: 1_500, firstTextMs: 1_500, stallMs: 300 };

const page: ChatAnswerer = (response) => {
  response.writeHead(200, { "Content-Type": "text/html" }).end("<p>Sign in</p>");
};

const raw =
  (text: string): ChatAnswerer =>
  (response) => {
    beginStream(response);
    response.end(text);
  };

const half: ChatAnswerer = (response) => {
  beginStream(response);
  writeEvent(response, piece({ content: "Half of " }));
  // After the text has gone out.
  setTimeout(() => response.destroy(), 100);
};

type Details = Partial<VlmErrorDetails["node-failed"]>;

const FAULTS: readonly [string, ChatAnswerer, Details, Partial<RemoteNodeOptions>?][] = [
  ["a connection that is closed", (response) => response.destroy(), { reason: "network" }],
  ["a server that takes the request and stalls", stall, { reason: "timeout" }, { timeouts: quick }],
  [
    "a stream that begins and has no text",
    (response) => {
      beginStream(response);
      response.write(": ping\n\n");
    },
    { reason: "timeout", hasText: false },
    { timeouts: quick },
  ],
  [
    "a stream that stops in the middle",
    (response) => {
      beginStream(response);
      writeEvent(response, piece({ content: "Half of " }));
    },
    { reason: "timeout", hasText: true },
    { timeouts: quick },
  ],
  ["a stream that breaks in the middle", half, { reason: "network", hasText: true }],
  [
    "a stream that ends before its end",
    raw(`data: ${JSON.stringify(piece({ content: "Half" }))}\n\n`),
    { reason: "cut-short", hasText: true },
  ],
  ["an empty stream", raw(""), { reason: "cut-short", hasText: false }],
  ["a mark of the end and nothing before", raw("data: [DONE]\n\n"), { reason: "cut-short" }],
  ["a web page", page, { reason: "garbage" }],
  ["a stream of other things", raw("data: hello\n\n"), { reason: "garbage" }],
  ["JSON that is no answer", raw('data: {"choices":"no"}\n\n'), { reason: "garbage" }],
  [
    "numbers for text",
    raw('data: {"choices":[{"index":0,"delta":{"content":42}}]}\n\n'),
    { reason: "garbage" },
  ],
  [
    "a line without end",
    (response) => {
      beginStream(response);
      response.end(`data: ${"x".repeat(2_000_000)}`);
    },
    { reason: "too-large", hasText: false },
  ],
  ["more text than was asked for", streamOf(["x".repeat(20_000)]), { reason: "too-large" }],
  [
    "too many requests",
    sendJson(429, { error: { message: "slow down" } }, { "Retry-After": "7" }),
    { reason: "http-status", status: 429, retryAfterMs: 7_000 },
  ],
];

it.each(FAULTS)("%s", async (_, answer, details, options = {}) => {
  await using chat = await ChatServer.start();
  chat.answer = answer;
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, options)] });
  const failure = await failureOf(client.ask());
  expect(failure).toMatchObject({ code: "node-failed", ...details });
  const texts = client.shown.filter(({ type }) => type === "text-delta");
  expect(texts.length > 0).toBe((failure as { hasText: boolean }).hasText);
});

it("says so when there is no server", async () => {
  const { baseUrl } = await (async () => {
    await using chat = await ChatServer.start();
    return { baseUrl: chat.baseUrl };
  })();
  const client = createRemoteClient({ nodes: [nodeAt(baseUrl)] });
  await expect(failureOf(client.ask())).resolves.toMatchObject({ reason: "network" });
});

it("follows no redirect, so that image and key go nowhere else", async () => {
  await using other = await ChatServer.start();
  await using chat = await ChatServer.start();
  chat.answer = (response) => {
    response.writeHead(307, { Location: `${other.baseUrl}/chat/completions` }).end();
  };
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { apiKey: () => "secret" })] });
  await expect(failureOf(client.ask())).resolves.toMatchObject({ reason: "redirect" });
  expect(other.requests).toEqual([]);
});

describe("a request is repeated", () => {
  it("after a failure that may pass, when no text has come", async () => {
    await using chat = await ChatServer.start();
    chat.next.push(sendJson(503, {}), (response) => response.destroy());
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { retries: 2 })] });
    await expect(client.ask()).resolves.toMatchObject({ text: "A cat." });
    expect(chat.asked).toHaveLength(3);
    expect(client.metrics.filter(({ name }) => name === "vlm.node.retries")).toHaveLength(2);
  });

  it("not sooner than the server asks", async () => {
    await using chat = await ChatServer.start();
    chat.next.push(sendJson(429, {}, { "Retry-After": "1" }));
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { retries: 1 })] });
    const startedAt = performance.now();
    await client.ask();
    expect(performance.now() - startedAt).toBeGreaterThan(990);
  });

  it.each<[string, ChatAnswerer]>([
    ["after text has come", half],
    ["when the server finds it wrong", sendJson(400, { error: "no" })],
    ["when the server asks for a long pause", sendJson(429, {}, { "Retry-After": "60" })],
  ])("never %s", async (_, answer) => {
    await using chat = await ChatServer.start();
    chat.answer = answer;
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { retries: 3 })] });
    await expect(failureOf(client.ask())).resolves.toMatchObject({ code: "node-failed" });
    expect(chat.asked).toHaveLength(1);
  });
});

describe("a call that is given up", () => {
  it.each([
    ["before the answer", stall],
    ["in the middle of it", streamOf(["A ", "cat", "."], { pauseMs: 300 })],
  ])("rejects with the signal's reason, and the server sees it: %s", async (_, answer) => {
    await using chat = await ChatServer.start();
    chat.answer = answer;
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] });
    const giving = new AbortController();
    const asked = client.ask({}, { signal: giving.signal });
    await vi.waitFor(() => {
      expect(chat.asked).toHaveLength(1);
    });
    setTimeout(() => {
      giving.abort(new Error("enough"));
    }, 400);
    await expect(asked).rejects.toThrow("enough");
    await vi.waitFor(() => {
      expect(chat.asked[0]?.gone.aborted).toBe(true);
    });
  });

  it("during the pause before a repeat ends at once, and is not sent again", async () => {
    await using chat = await ChatServer.start();
    chat.answer = sendJson(503, {}, { "Retry-After": "2" });
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { retries: 3 })] });
    const giving = new AbortController();
    const asked = client.ask({}, { signal: giving.signal });
    await vi.waitFor(() => {
      expect(client.metrics.map(({ name }) => name)).toContain("vlm.node.retries");
    });
    giving.abort(new Error("enough"));
    await expect(asked).rejects.toThrow("enough");
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    expect(chat.asked).toHaveLength(1);
  });
});

it("ends a call after its own time, whatever the node does", async () => {
  await using chat = await ChatServer.start();
  chat.answer = streamOf(Array<string>(50).fill("word "), { pauseMs: 100 });
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] });
  const failure = await failureOf(client.ask({}, { timeoutMs: 500 }));
  expect(failure).toMatchObject({ code: "timeout", timeoutMs: 500 });
});

it("leaves a node alone that fails again and again, though its health check says that it is well", async () => {
  await using chat = await ChatServer.start();
  chat.answer = sendJson(500, {});
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] });
  for (let call = 0; call < 3; call++) await failureOf(client.ask());
  await Promise.all(client.nodes.nodes.map((node) => node.check()));
  await expect(failureOf(client.ask())).resolves.toMatchObject({ reason: "circuit-open" });
  expect(chat.asked).toHaveLength(3);
  expect(client.nodes.listNodes()).toMatchObject([
    { state: "circuit-open", reason: "http-status" },
  ]);
  expect(client.events).toContainEqual(
    expect.objectContaining({ type: "node-changed", state: "circuit-open" }),
  );
});

it("gives a node that was left alone one more call after a while, and takes it back", async () => {
  await using chat = await ChatServer.start();
  chat.answer = sendJson(500, {});
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] });
  for (let call = 0; call < 3; call++) await failureOf(client.ask());
  chat.answer = streamOf(["A cat."]);
  const now = Date.now();
  vi.spyOn(Date, "now").mockReturnValue(now + 31_000);
  try {
    await expect(client.ask()).resolves.toMatchObject({ text: "A cat." });
  } finally {
    vi.restoreAllMocks();
  }
  await expect(client.ask()).resolves.toMatchObject({ text: "A cat." });
  expect(client.nodes.listNodes()).toMatchObject([{ state: "healthy" }]);
});
