/** The command with the embedded model, asked by the clients that others use. */

import { readFileSync } from "node:fs";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCommand, type RunningCommand } from "../test/start-command.ts";

const TOKEN = "a-token-of-this-test-0123456789";
const SCENES = new URL("../../../e2e/fixtures/scenes/", import.meta.url);
const QUESTION = "Describe this image.";

/** What Chromium's worker answers too: `CAPTION` of e2e/stored-model.ts is about the same picture. */
const SNAIL = "A snail on a brown background.";

function readScene(number: number): string {
  const name = `scene-${String(number).padStart(2, "0")}.png`;
  return `data:image/png;base64,${readFileSync(new URL(name, SCENES)).toString("base64")}`;
}

function asking(text: string, ...urls: string[]): OpenAI.ChatCompletionMessageParam[] {
  const images = urls.map((url) => ({ type: "image_url" as const, image_url: { url } }));
  return [{ role: "user", content: [{ type: "text", text }, ...images] }];
}

let server: RunningCommand;
let client: OpenAI;

beforeAll(async () => {
  server = await startCommand(
    ["--model", "tiny", "--workers", "2", "--max-queue", "20", "--metrics-port", "0"],
    {
      FASTVLM_TOKEN: TOKEN,
    },
  );
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: TOKEN, maxRetries: 0 });
}, 180_000); // The sources are compiled, the model is loaded, and other tests use all cores.

afterAll(async () => {
  await server.stop("SIGKILL");
});

describe("fastvlm-serve with the openai client", () => {
  it("answers a question about an image, and counts tokens", async () => {
    const answer = await client.chat.completions.create({
      model: "tiny",
      messages: asking(QUESTION, readScene(1)),
    });
    expect(answer.choices[0]).toMatchObject({
      message: { role: "assistant", content: SNAIL },
      finish_reason: "stop",
    });
    const { prompt_tokens, completion_tokens, total_tokens } = answer.usage!;
    expect(prompt_tokens).toBeGreaterThan(30); // The image alone takes 16.
    expect(total_tokens).toBe(prompt_tokens + completion_tokens);
  });

  it("streams the same text piece by piece, with the usage at the end", async () => {
    const stream = await client.chat.completions.create({
      model: "tiny",
      messages: asking("Describe this image in detail.", readScene(2)),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const pieces = chunks.flatMap(({ choices }) => choices[0]?.delta.content ?? []);
    const whole = await client.chat.completions.create({
      model: "tiny",
      messages: asking("Describe this image in detail.", readScene(2)),
    });
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join("")).toBe(whole.choices[0]!.message.content);
    expect(chunks.at(-2)!.choices[0]!.finish_reason).toBe("stop");
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
  });

  it("holds an answer to a JSON schema", async () => {
    const schema = {
      type: "object",
      properties: { background: { enum: ["brown", "blue", "red"] } },
      required: ["background"],
    };
    const answer = await client.chat.completions.create({
      model: "tiny",
      messages: asking("What is the background?", readScene(1)),
      response_format: { type: "json_schema", json_schema: { name: "colours", schema } },
    });
    const content = JSON.parse(answer.choices[0]!.message.content!) as { background: string };
    expect(["brown", "blue", "red"]).toContain(content.background);
  });

  it("lists the model under its id and its alias", async () => {
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(["fastvlm-kit/tiny", "tiny"]);
    expect(await client.models.retrieve("fastvlm-kit/tiny")).toMatchObject({ object: "model" });
  });

  it.each([
    ["another model", { model: "gpt" }, 404, "model_not_found"],
    [
      "bytes that are no image",
      { messages: asking("?", dataOf("none")) },
      400,
      "image_unsupported",
    ],
    ["an address", { messages: asking("?", "http://127.0.0.1/a.png") }, 400, "image_fetch_failed"],
    ["two answers", { n: 2 }, 400, "invalid_value"],
    [
      "a long prompt",
      { messages: asking("word ".repeat(5000), readScene(1)) },
      400,
      "context_length_exceeded",
    ],
  ])("refuses %s with an error that says so", async (_, change, status, code) => {
    const messages = asking(QUESTION, readScene(1));
    const failed = client.chat.completions.create({ model: "tiny", messages, ...change });
    await expect(failed).rejects.toMatchObject({ status, code });
  });

  it("refuses a wrong token", async () => {
    const stranger = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "wrong", maxRetries: 0 });
    await expect(stranger.models.list()).rejects.toMatchObject({
      status: 401,
      code: "invalid_api_key",
    });
    expect((await fetch(`${server.url}/metrics`)).status).toBe(401);
    expect(server.log()).not.toContain(TOKEN);
  });
});

it("answers the AI SDK's provider, whole and as a stream", async () => {
  const provider = createOpenAICompatible({
    name: "fastvlm",
    baseURL: `${server.url}/v1`,
    apiKey: TOKEN,
    includeUsage: true,
  });
  const content = [
    { type: "text" as const, text: QUESTION },
    { type: "image" as const, image: readScene(1) },
  ];
  const request = { model: provider("tiny"), messages: [{ role: "user" as const, content }] };
  const { text, finishReason } = await generateText(request);
  expect({ text, finishReason }).toEqual({ text: SNAIL, finishReason: "stop" });
  const stream = streamText(request);
  expect(await stream.text).toBe(SNAIL);
  expect((await stream.usage).outputTokens).toBeGreaterThan(3);
});

it("gives a call up when its client has gone, and goes on with the next", async () => {
  const long = { ...asked("Describe this image in detail.", 3), max_tokens: 200, stream: true };
  const leave = async (): Promise<boolean> => {
    const leaving = new AbortController();
    const response = await post(long, leaving.signal);
    const reader = response.body!.getReader();
    await reader.read();
    leaving.abort();
    await expect(reader.read()).rejects.toThrow();
    const next = await post(asked(QUESTION, 1));
    expect(next.status).toBe(200);
    return /vlm_calls_total\{[^}]*vlm_outcome="aborted"[^}]*\} [1-9]/.test(await metrics());
  };
  // A quick machine may have the whole answer before it hears that the client has gone.
  await expect.poll(leave).toBe(true);
});

it("answers two requests at once, each in a worker of its own", async () => {
  // The second worker starts when the first one serves. With one worker the second text begins after the first has ended.
  await expect.poll(haveMixedTexts, { timeout: 60_000, interval: 500 }).toBe(true);
  expect(await metrics()).toMatch(/^vlm_pool_workers\S* 2$/m);
});

it("answers or refuses each of 50 requests that come at once", async () => {
  const responses = await Promise.all(
    Array.from({ length: 50 }, (_, at) => post(asked(`${QUESTION} ${String(at)}`, 1 + (at % 4)))),
  );
  const counts = { answered: 0, refused: 0 };
  for (const response of responses) {
    if (response.status === 200) {
      const { choices } = (await response.json()) as OpenAI.ChatCompletion;
      expect(choices[0]!.message.content).not.toBe("");
      counts.answered += 1;
    } else {
      expect(response.status).toBe(429);
      expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect(await response.json()).toMatchObject({ error: { code: "queue_full" } });
      counts.refused += 1;
    }
  }
  expect(counts.answered + counts.refused).toBe(50);
  expect(counts.answered).toBeGreaterThanOrEqual(22); // Two that run, 20 that wait.
  expect(counts.refused).toBeGreaterThan(0);
});

it("tells its health, and shows its metrics to Prometheus", async () => {
  const health = await fetch(`${server.url}/health`);
  expect(health.headers.get("content-type")).toBe("application/health+json");
  expect(await health.json()).toMatchObject({
    checks: { "model:readiness": [{ status: "pass" }] },
  });
  expect(await metrics()).toMatch(/^vlm_queue_depth\{.*\} 0$/m);
  const open = new URL(/metrics at (\S+)/.exec(server.log())![1]!);
  expect(await (await fetch(open)).text()).toMatch(/^vlm_queue_depth/m);
  expect((await fetch(new URL("/v1/models", open))).status).toBe(404);
});

it("ends what runs after SIGTERM, and refuses what is new", async () => {
  const running = post({ ...asked("Describe this image in detail.", 4), stream: true });
  const response = await running;
  const ended = server.stop("SIGTERM");
  await expect.poll(() => server.log()).toContain("stopping");
  const refused = await post(asked(QUESTION, 1)).catch((error: unknown) => error);
  if (refused instanceof Response) expect(refused.status).toBe(503);
  else expect(refused).toBeInstanceOf(TypeError); // The port is closed.
  expect(await response.text()).toMatch(/data: \[DONE\]\n\n$/);
  expect(await ended).toBe(0);
});

/** Whether two texts that are asked for together come in turns. */
async function haveMixedTexts(): Promise<boolean> {
  const order: string[] = [];
  const read = async (name: string, scene: number): Promise<void> => {
    const text = `Describe this image in detail. ${String(Math.random())}`;
    const response = await post({ ...asked(text, scene), stream: true });
    const reader = response.body!.getReader();
    while (!(await reader.read()).done) order.push(name);
  };
  await Promise.all([read("a", 1), read("b", 2)]);
  return order.indexOf("b") < order.lastIndexOf("a") && order.indexOf("a") < order.lastIndexOf("b");
}

function asked(text: string, scene: number) {
  return { model: "tiny", messages: asking(text, readScene(scene)) };
}

function post(body: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

async function metrics(): Promise<string> {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return (await fetch(`${server.url}/metrics`, { headers })).text();
}

function dataOf(text: string): string {
  return `data:image/png;base64,${Buffer.from(text).toString("base64")}`;
}
