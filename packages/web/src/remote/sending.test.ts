/** What leaves the device for a node, and what does not. */

import { describe, expect, it } from "vitest";
import { ChatServer, sendJson, streamOf } from "../../test/chat-server.ts";
import { createRemoteClient, namedImage, nodeAt } from "../../test/remote-client.ts";
import { makeCall } from "../../test/results.ts";
import type { RemoteNodeOptions, RemoteServer } from "../api/remote.ts";
import { VlmError } from "../protocol/errors.ts";
import type { AnswerFormat } from "../protocol/options.ts";
import { resolveGenerationOptions } from "../schema/generation-options.ts";
import type { GenerateCall } from "../wire/worker-api.ts";
import { remoteNode } from "./node-settings.ts";
import { remoteNodes } from "./remote-nodes.ts";

async function bodyOf(
  change: Partial<GenerateCall>,
  options: Partial<RemoteNodeOptions> = {},
  answer = "A cat.",
) {
  await using chat = await ChatServer.start();
  chat.answer = streamOf([answer]);
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, options)] });
  await client.ask(change);
  return chat.asked[0]?.body;
}

const generating = (options: Parameters<typeof resolveGenerationOptions>[0]) => ({
  generation: resolveGenerationOptions(options),
});

it("sends the conversation, with the images in its first turn", async () => {
  const body = await bodyOf({
    images: [namedImage],
    system: "Be brief.",
    history: [
      { role: "user", content: "What is this?" },
      { role: "assistant", content: "A cat." },
    ],
    prompt: "What colour is it?",
  });
  expect(body?.["messages"]).toEqual([
    { role: "system", content: "Be brief." },
    { role: "user", content: [expect.anything(), { type: "text", text: "What is this?" }] },
    { role: "assistant", content: "A cat." },
    { role: "user", content: "What colour is it?" },
  ]);
});

it("sends what the call sets, and asks for counts", async () => {
  const set = { maxNewTokens: 9, temperature: 0.5, topP: 0.9, seed: 7, stop: ["END"] };
  await expect(bodyOf(generating(set))).resolves.toMatchObject({
    max_tokens: 9,
    temperature: 0.5,
    top_p: 0.9,
    seed: 7,
    stop: ["END"],
    stream_options: { include_usage: true },
  });
  const plain = await bodyOf({});
  for (const name of ["top_p", "seed", "stop", "logprobs", "top_k"]) {
    expect(plain).not.toHaveProperty(name);
  }
});

it.each<[RemoteServer, object]>([
  ["vllm", { top_k: 5, repetition_penalty: 1.1, logprobs: true }],
  ["sglang", { top_k: 5, repetition_penalty: 1.1, logprobs: true }],
  ["llama.cpp", { top_k: 5, repeat_penalty: 1.1, logprobs: true }],
  ["lm-studio", { top_k: 5, repeat_penalty: 1.1 }],
])("writes options that the API does not have in the words of %s", async (server, words) => {
  const body = await bodyOf(generating({ topK: 5, repetitionPenalty: 1.1 }), { server });
  expect(body).toMatchObject(words);
});

const schema = { type: "object" };

it.each<[RemoteServer, AnswerFormat, string, object]>([
  [
    "openai",
    { schema },
    "{}",
    { response_format: { type: "json_schema", json_schema: { name: "answer", schema } } },
  ],
  ["vllm", { regex: /[a-z]+/ }, "cat", { structured_outputs: { regex: "[a-z]+" } }],
  ["vllm", { options: ["a", "b"] }, "b", { structured_outputs: { choice: ["a", "b"] } }],
  ["sglang", { regex: "[a-z]+" }, "cat", { regex: "[a-z]+" }],
  ["sglang", { options: ["a+", "b"] }, "b", { regex: "(a\\+|b)" }],
  ["llama.cpp", { options: ['say "a"', "b"] }, "b", { grammar: 'root ::= "say \\"a\\"" | "b"' }],
])("asks %s for a form in its words: %o", async (server, format, answer, words) => {
  await expect(bodyOf(generating({ format }), { server }, answer)).resolves.toMatchObject(words);
});

it.each<[AnswerFormat, string]>([
  [{ schema }, "no JSON"],
  [{ options: ["a", "b"] }, "c"],
  [{ regex: /[a-z]+/ }, "42"],
])("does not take the server's word for a form: %o", async (format, answer) => {
  const asked = bodyOf(generating({ format }), { server: "vllm" }, answer);
  await expect(asked).rejects.toMatchObject({ details: { reason: "format", hasText: true } });
});

it.each<[RemoteServer, Partial<GenerateCall>]>([
  ["openai", generating({ topK: 5 })],
  ["ollama", generating({ repetitionPenalty: 1.1 })],
  ["ollama", generating({ format: { regex: /a/ } })],
  ["llama.cpp", generating({ format: { regex: /a/ } })],
  ["vllm", generating({ format: { regex: /a/i } })],
  ["vllm", { choices: [["a"], ["b"]] }],
])("sends nothing to %s that it cannot do", async (server, change) => {
  await using chat = await ChatServer.start();
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { server })] });
  await expect(client.ask(change)).rejects.toMatchObject({ details: { reason: "unsupported" } });
  expect(chat.requests).toEqual([]);
});

it("ends an answer where the device would, and closes the connection", async () => {
  await using chat = await ChatServer.start();
  chat.answer = streamOf(["One two. ", "Three E", "ND four"], { pauseMs: 20 });
  const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl)] });
  const stopped = await client.ask(generating({ stop: ["END"] }));
  expect(stopped).toMatchObject({ text: "One two. Three", finishReason: "stop-string" });
  const shown = client.shown.flatMap((event) => (event.type === "text-delta" ? event.text : []));
  expect(shown.join("")).toBe("One two. Three ");
  const words = client.ask({ endOnSentence: true, ...generating({ maxWords: 2 }) });
  await expect(words).resolves.toMatchObject({ text: "One two.", finishReason: "max-words" });
});

describe("the key", () => {
  it("is asked for with each request, and sent in its header only", async () => {
    await using chat = await ChatServer.start();
    chat.next.push(sendJson(503, {}));
    let keys = 0;
    const apiKey = (): Promise<string> => Promise.resolve(`key-${String(++keys)}`);
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { apiKey, retries: 1 })] });
    await client.ask();
    expect(chat.asked.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer key-1",
      "Bearer key-2",
    ]);
    expect(JSON.stringify(chat.asked.map(({ body }) => body))).not.toContain("key-");
  });

  it("is in no error, event and metric, also where the server writes it into its error", async () => {
    await using chat = await ChatServer.start();
    const key = "sk-canary-4711";
    chat.answer = sendJson(401, { error: { message: `Incorrect API key provided: ${key}` } });
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { apiKey: () => key })] });
    const error: unknown = await client.ask().catch((thrown: unknown) => thrown);
    expect(VlmError.is(error, "node-failed") && error.details.status).toBe(401);
    const { message, stack, cause, details } = error as VlmError;
    const said = [message, stack, String(cause), JSON.stringify(details)];
    const told = [JSON.stringify(client.events), JSON.stringify(client.metrics)];
    for (const text of [...said, ...told]) expect(text).not.toContain("canary");
    expect(String(cause)).toContain("Incorrect API key");
  });

  it.each<[string, () => string]>([
    [
      "throws",
      () => {
        throw new Error("canary");
      },
    ],
    ["returns what no header may hold", () => "canary\n"],
  ])("that cannot be had sends nothing: its function %s", async (_, apiKey) => {
    await using chat = await ChatServer.start();
    const client = createRemoteClient({ nodes: [nodeAt(chat.baseUrl, { apiKey })] });
    const error: unknown = await client.ask().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ details: { reason: "key" } });
    expect(String(error)).not.toContain("canary");
    expect(chat.requests).toEqual([]);
  });
});

describe("a node is refused", () => {
  const good = { baseUrl: "https://a.example/v1", model: "m", purpose: "Captions" };

  it.each<[string, object]>([
    ["without a purpose", { purpose: undefined }],
    ["with an empty purpose", { purpose: " " }],
    ["over plain HTTP", { baseUrl: "http://a.example/v1" }],
    [
      "over plain HTTP, with the name of this machine in front",
      { baseUrl: "http://localhost.a.example" },
    ],
    ["with a key in its address", { baseUrl: "https://me:secret@a.example/v1" }],
    ["with a query", { baseUrl: "https://a.example/v1?key=secret" }],
    ["with another scheme", { baseUrl: "javascript:alert(1)" }],
    ["with a misspelt option", { apikey: () => "secret" }],
    ["with a key that is no function", { apiKey: "secret" }],
    ["for an unknown server", { server: "vLLM" }],
    ["with a health check elsewhere", { healthPath: "//b.example/health" }],
  ])("%s", (_, change) => {
    const make = (): unknown => remoteNode({ ...good, ...change });
    expect(make).toThrow(TypeError);
    expect(make).not.toThrow(/secret/);
  });

  it("with the name of another one", () => {
    const node = remoteNode(good);
    expect(() => remoteNodes({ mode: "remote-only", nodes: [node, node] })).toThrow(/differ/);
  });

  it("and accepted for this machine without encryption", () => {
    for (const host of ["localhost:8000", "127.0.0.1:8000", "[::1]:8000"]) {
      expect(remoteNode({ ...good, baseUrl: `http://${host}/v1` }).baseUrl).toContain(host);
    }
  });
});

it("keeps text that hides in a prompt from the server, as from the device", async () => {
  const body = await bodyOf({ prompt: `What is\u200b this?\u{E0041}` });
  expect(body?.["messages"]).toEqual([{ role: "user", content: "What is this?" }]);
  expect(makeCall().prompt).toBe("What is this?");
});
