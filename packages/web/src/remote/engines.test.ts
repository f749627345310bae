/** The words of each engine, over real HTTP. What they send is written after their manuals and their users' reports. */

import { describe, expect, it } from "vitest";
import {
  ChatServer,
  beginStream,
  piece,
  sendJson,
  streamOf,
  writeEvent,
} from "../../test/chat-server.ts";
import type { ChatAnswerer, StreamStyle } from "../../test/chat-server.ts";
import { createRemoteClient, namedImage, nodeAt } from "../../test/remote-client.ts";
import type { RemoteServer } from "../api/remote.ts";
import { VlmError } from "../protocol/errors.ts";

const STYLES: Readonly<Record<RemoteServer, StreamStyle>> = {
  openai: {},
  vllm: { probabilities: [0.5, 0.8] },
  sglang: { probabilities: [0.5, 0.8] },
  "llama.cpp": { usage: "last-piece", probabilities: [0.5, 0.8] },
  ollama: { sendsRole: false },
  "lm-studio": { usage: "none", comment: "ping" },
};

describe.each(Object.keys(STYLES) as RemoteServer[])("%s", (server) => {
  it("answers a question about an image", async () => {
    await using chat = await ChatServer.start();
    chat.answer = streamOf(["A ", "cat."], STYLES[server]);
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { server })] });
    const result = await client.ask({ images: [namedImage] });
    expect(result).toMatchObject({
      text: "A cat.",
      finishReason: "stop",
      device: "remote",
      model: { id: "test" },
      cached: false,
      ranOn: { kind: "remote", origin: new URL(chat.baseUrl).origin, purpose: "A test" },
    });
    const counts = { image: 0, prompt: 17, reused: 0, output: 2 };
    const uncounted = { ...counts, prompt: 0, output: 0 };
    expect(result.tokens).toEqual(STYLES[server].usage === "none" ? uncounted : counts);
    if (STYLES[server].probabilities) {
      expect(result.confidence?.mean).toBeCloseTo(0.65, 5);
      expect(result.confidence?.least).toBeCloseTo(0.5, 5);
      // Of one half and the rest, at least.
      expect(result.confidence?.firstTokenEntropy).toBeCloseTo(Math.log(2), 5);
    } else expect(result).not.toHaveProperty("confidence");
    expect(client.shown.map(({ type }) => type)).toEqual([
      "queued",
      "image-ready",
      "text-delta",
      "text-delta",
    ]);
    const [request] = chat.asked;
    expect(request?.body).toMatchObject({ model: "test", stream: true, max_tokens: 128 });
    expect(request?.body["messages"]).toEqual([
      {
        role: "user",
        content: [
          {
            type: "image_url",
            image_url: { url: expect.stringMatching(/^data:image\/jpeg;base64,/) as unknown },
          },
          { type: "text", text: "What is this?" },
        ],
      },
    ]);
  });
});

it("takes an answer that comes whole, from a server that does not stream", async () => {
  await using chat = await ChatServer.start();
  const choice = {
    index: 0,
    message: { role: "assistant", content: "A cat." },
    finish_reason: "stop",
  };
  chat.answer = sendJson(200, { object: "chat.completion", choices: [choice] });
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] });
  await expect(client.ask()).resolves.toMatchObject({ text: "A cat." });
});

it("takes a stream whose pieces are cut anywhere, also inside a character", async () => {
  await using chat = await ChatServer.start();
  chat.answer = async (response) => {
    beginStream(response);
    const bytes = Buffer.from(
      [piece({ content: "Ein Kä" }), piece({ content: "se 🧀" }), piece({}, "stop")]
        .map((one) => `data: ${JSON.stringify(one)}\r\n\r\n`)
        .join(""),
    );
    for (const byte of bytes) {
      response.write(Uint8Array.of(byte));
      if (byte > 0x7f) await new Promise(setImmediate);
    }
    response.end();
  };
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] });
  await expect(client.ask()).resolves.toMatchObject({ text: "Ein Käse 🧀" });
});

const message = "the engine's own words about a request";
const withBegun =
  (end: ChatAnswerer): ChatAnswerer =>
  async (response, record) => {
    beginStream(response);
    writeEvent(response, piece({ role: "assistant", content: "" }));
    await end(response, record);
    response.end();
  };

/** How engines say that they failed. */
const ERRORS: readonly [string, ChatAnswerer, Partial<VlmError["details"]>][] = [
  [
    "vLLM and OpenAI: an object",
    sendJson(400, { error: { message, type: "BadRequestError", param: null, code: 400 } }),
    { reason: "http-status", status: 400 },
  ],
  [
    "SGLang and earlier vLLM: object error",
    sendJson(400, { object: "error", message, type: "BadRequestError", code: 400 }),
    { reason: "http-status", status: 400 },
  ],
  [
    "llama.cpp, which loads its model",
    sendJson(503, { error: { code: 503, message: "Loading model", type: "unavailable_error" } }),
    { reason: "http-status", status: 503 },
  ],
  [
    "Ollama: no such model",
    sendJson(404, { error: { message, type: "not_found_error", param: null, code: null } }),
    { reason: "http-status", status: 404 },
  ],
  ["LM Studio: a text", sendJson(400, { error: message }), { reason: "http-status", status: 400 }],
  [
    "an error in the stream (vLLM, Ollama)",
    withBegun((response) => {
      writeEvent(response, { error: { message, type: "api_error" } });
      response.write("data: [DONE]\n\n");
    }),
    { reason: "server-error", hasText: false },
  ],
  [
    "an error event (LM Studio)",
    withBegun((response) => {
      writeEvent(response, { message }, "error");
    }),
    { reason: "server-error", hasText: false },
  ],
  [
    "a field of its own (earlier llama.cpp)",
    withBegun((response) => {
      response.write(`error: ${JSON.stringify({ code: 500, message })}\n\n`);
    }),
    { reason: "server-error", hasText: false },
  ],
  [
    "an answer that was given up",
    withBegun((response) => {
      writeEvent(response, piece({}, "abort"));
    }),
    { reason: "server-error", hasText: false },
  ],
];

it.each(ERRORS)(
  "turns an error into one of the kit's, without its words: %s",
  async (_, answer, details) => {
    await using chat = await ChatServer.start();
    chat.answer = answer;
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] });
    const error = await client.ask().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(VlmError.is(error, "node-failed") && error.details).toMatchObject(details);
    expect(String(error)).not.toContain(message);
  },
);
