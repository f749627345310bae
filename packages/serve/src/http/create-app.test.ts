/** The routes and their guards, without a model. */

import { describe, expect, it } from "vitest";
import { VlmError, type GenerateEvent, type GenerateRequest } from "@fastvlm-kit/web";
import { createImageHosts } from "../openai/image-hosts.ts";
import { createAdmission } from "./admission.ts";
import { createApp, type AppOptions } from "./create-app.ts";

const PAGE = "https://app.example.com";
const IMAGE = `data:image/png;base64,${Buffer.from("bytes").toString("base64")}`;

const LIMITS = {
  maxImages: 1,
  maxTokens: 64,
  maxPromptCharacters: 100,
  maxBodyBytes: 2000,
  timeoutMs: 1000,
};

/** A server whose model is this function. */
function createServer(
  generate: AppOptions["vlm"]["generate"],
  change: Partial<AppOptions> = {},
): ReturnType<typeof createApp> {
  const model = { id: "test/model", revision: "1", variant: "int8" };
  return createApp({
    vlm: {
      model,
      generate,
      health: () =>
        Promise.resolve({
          status: "pass",
          version: "1",
          releaseId: "test/model@1",
          description: "",
          checks: {},
        }),
    },
    admission: createAdmission(2, () => 2500),
    hosts: createImageHosts({ allowed: [], maxBytes: 1000 }),
    limits: LIMITS,
    names: ["test/model"],
    token: undefined,
    corsOrigins: [PAGE],
    writeMetrics: () => "metrics",
    onError: () => undefined,
    ...change,
  });
}

/** Fails before its first text. */
// eslint-disable-next-line require-yield, @typescript-eslint/require-await -- it fails before it yields
async function* failing(error: unknown): AsyncGenerator<GenerateEvent, void, undefined> {
  throw error;
}

/** Says these words, and then fails. */
async function* breaking(...words: string[]): AsyncGenerator<GenerateEvent, void, undefined> {
  for (const text of words) yield await Promise.resolve({ type: "text-delta", text } as const);
  throw new VlmError("out-of-memory", "Memory ran out.", { device: "wasm" });
}

function chat(change: object = {}, headers: Record<string, string> = {}): Request {
  const messages = [{ role: "user", content: "Who?" }];
  return new Request("http://localhost/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ messages, ...change }),
  });
}

const never = (): never => {
  throw new Error("The model was asked.");
};

describe("a request that is wrong", () => {
  const parts = (...content: object[]) => ({ messages: [{ role: "user", content }] });
  const image = { type: "image_url", image_url: { url: IMAGE } };
  it.each([
    ["no messages", { messages: [] }, "messages"],
    ["a role that is unknown", { messages: [{ role: "tool", content: "" }] }, "messages.0.role"],
    ["a penalty", { presence_penalty: 1 }, "presence_penalty"],
    ["tools", { tools: [{ type: "function" }] }, "tools"],
    ["more tokens than allowed", { max_tokens: 65 }, "max_tokens"],
    [
      "more text than allowed",
      { messages: [{ role: "user", content: "a".repeat(101) }] },
      "messages",
    ],
    ["more images than allowed", parts(image, image), "messages"],
    [
      "an answer as the last message",
      { messages: [{ role: "assistant", content: "I" }] },
      "messages",
    ],
    [
      "an image in a later turn",
      {
        messages: [
          { role: "user", content: "Hi" },
          { role: "assistant", content: "Hello" },
          { role: "user", content: [image] },
        ],
      },
      "messages",
    ],
  ])("with %s gets 400 that names the field", async (_, change, param) => {
    const response = await createServer(never).request(chat(change));
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { type: string; param: string } };
    expect(error).toMatchObject({ type: "invalid_request_error", param });
  });

  it("that is too large, or is no JSON, is refused", async () => {
    const app = createServer(never);
    const large = await app.request(chat({ user: "a".repeat(3000) }));
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ error: { code: "request_too_large" } });
    const plain = await app.request(chat({}, { "content-type": "text/plain" }));
    expect(plain.status).toBe(415);
  });
});

it("writes a conversation as turns, with system messages apart", async () => {
  let asked: GenerateRequest | undefined;
  const app = createServer((request) => {
    asked = request;
    return failing(new Error("enough"));
  });
  const content = [
    { type: "text", text: "What is it?" },
    { type: "image_url", image_url: { url: IMAGE, detail: "low" } },
  ];
  await app.request(
    chat({
      messages: [
        { role: "system", content: "Be short." },
        { role: "user", content },
        { role: "assistant", content: "A cat." },
        { role: "user", content: "Which" },
        { role: "user", content: "colour?" },
      ],
      stop: ".",
      temperature: 0.5,
    }),
  );
  const [image] = asked!.image as readonly Blob[];
  expect(await image!.text()).toBe("bytes");
  expect(asked).toMatchObject({
    system: "Be short.",
    history: [
      { role: "user", content: "What is it?" },
      { role: "assistant", content: "A cat." },
    ],
    prompt: "Which\ncolour?",
    stop: ["."],
    temperature: 0.5,
    detail: "low",
    timeoutMs: 1000,
  });
});

describe("a call that fails", () => {
  const crashed = new VlmError("worker-crashed", "The worker died.", { phase: "generate" });
  it.each([
    ["of the worker", crashed, 503, "worker_crashed", "1"],
    [
      "because of its length",
      new VlmError("context-overflow", "Too long.", { tokens: 9, limit: 8, excess: 1 }),
      400,
      "context_length_exceeded",
      null,
    ],
    ["by a mistake of ours", new RangeError("a secret"), 500, "internal_error", null],
  ])(
    "%s has a status, also where a stream was asked for",
    async (_, error, status, code, retry) => {
      const mistakes: unknown[] = [];
      const app = createServer(() => failing(error), { onError: (one) => mistakes.push(one) });
      for (const stream of [false, true]) {
        const response = await app.request(chat({ stream }));
        expect(response.status).toBe(status);
        expect(response.headers.get("retry-after")).toBe(retry);
        const text = await response.text();
        expect(JSON.parse(text)).toMatchObject({ error: { code } });
        expect(text).not.toContain("secret");
      }
      expect(mistakes).toHaveLength(status === 500 ? 2 : 0);
    },
  );

  it("after its first text ends the stream with the error", async () => {
    const response = await createServer(() => breaking("A ", "cat")).request(
      chat({ stream: true }),
    );
    const events = (await response.text()).trim().split("\n\n");
    expect(events).toHaveLength(3);
    expect(events[2]).toMatch(/^data: \{"error":\{"message":"Memory ran out\.".*out_of_memory/);
  });
});

it("lets in as many as it may hold, also streams that nobody reads", async () => {
  const admission = createAdmission(2, () => 2500);
  const app = createServer(() => breaking("A", "B"), { admission });
  const held = [
    await app.request(chat({ stream: true })),
    await app.request(chat({ stream: true })),
  ];
  const refused = await app.request(chat());
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("3");
  await held[0]!.body!.cancel();
  await held[1]!.text();
  expect(admission.taken).toBe(0);
  expect((await app.request(chat())).status).toBe(500);
});

it("says that it ends, and refuses what is new", async () => {
  const admission = createAdmission(2, () => 0);
  const app = createServer(never, { admission });
  expect((await app.request("/health")).status).toBe(200);
  await admission.drain();
  expect((await app.request("/health")).status).toBe(503);
  expect((await app.request("/health/live")).status).toBe(200);
  const refused = await app.request(chat());
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
});

it("lets pages of the listed origins in, and no others", async () => {
  const app = createServer(never, { token: "a-token-of-this-test" });
  const asking = { "access-control-request-method": "POST", origin: PAGE };
  const allowed = await app.request("/v1/models", { method: "OPTIONS", headers: asking });
  expect(allowed.headers.get("access-control-allow-origin")).toBe(PAGE);
  const other = { ...asking, origin: "https://evil.example" };
  const refused = await app.request("/v1/models", { method: "OPTIONS", headers: other });
  expect(refused.status).toBe(403);
  expect(refused.headers.get("access-control-allow-origin")).toBeNull();
  expect((await app.request("/health", { headers: other })).status).toBe(403);
  const stranger = await app.request("/v1/models", { headers: { authorization: "Bearer other" } });
  expect([stranger.status, (await stranger.json()) as unknown]).toMatchObject([
    401,
    { error: { code: "invalid_api_key" } },
  ]);
});
