/** The whole of the worker but for the engine: files, tokenizer, checks and answers, over the contract. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFakeEngine, type FakeEngine } from "../../test/fake-engine.ts";
import { makeCall } from "../../test/results.ts";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";
import { toDownloadPolicy, toStorageOptions } from "../client/storage-settings.ts";
import { DEFAULT_IMAGE_LIMITS } from "../image/limits.ts";
import { createTextCodec } from "../inference/tokenizer.ts";
import type { ModelDescriptor, ModelFile } from "../protocol/model-descriptor.ts";
import type { CallMessage, LoadRequest, WorkerApi, WorkerMessage } from "../wire/worker-api.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import { createHost } from "./host.ts";

const codec = createTextCodec(tokenizerJson, tokenizerConfig, FASTVLM_PROMPT);
const END = codec.controlId("<|im_end|>")!;
const WORDS = "A red square";
const ANSWER = [...codec.encode(WORDS), END];
const CONFIG = { max_position_embeddings: 512, eos_token_id: END };

/** A file that needs no network: its address holds it. */
function inline(content: unknown): ModelFile {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const bytes = Buffer.from(text);
  const url = `data:application/octet-stream;base64,${bytes.toString("base64")}`;
  return { url, bytes: bytes.byteLength };
}

/** A model of a format that onnxruntime cannot read. */
const MODEL: ModelDescriptor = {
  id: "test/fake",
  revision: "1",
  license: { id: "mit", summary: "A test.", isAccepted: true },
  imageSize: 64,
  captions: fastvlm05b().captions,
  files: {
    "config.json": inline(CONFIG),
    "tokenizer.json": inline(tokenizerJson),
    "tokenizer_config.json": inline(tokenizerConfig),
    "vision.fake": inline("eyes"),
    "embed.fake": inline("words"),
    "decoder.fake": inline("mind"),
  },
  variants: [
    {
      id: "tiny",
      device: "wasm",
      graphs: { vision: "vision.fake", embed: "embed.fake", decoder: "decoder.fake" },
    },
  ],
};

const REQUEST: LoadRequest = {
  model: MODEL,
  variant: MODEL.variants[0]!,
  storage: toStorageOptions({ storage: "memory" }),
  download: toDownloadPolicy(),
  network: "any",
  asksAnew: false,
  imageLimits: DEFAULT_IMAGE_LIMITS,
  optimize: "auto",
  wasmThreads: 1,
};

beforeEach(() => {
  vi.stubGlobal("navigator", {}); // Neither locks nor an estimate, as on pages without https.
});

afterEach(() => {
  vi.unstubAllGlobals();
  for (const port of ports.splice(0)) port.close();
});

const ports: MessagePort[] = [];

function fakeEngine(change: Partial<Parameters<typeof createFakeEngine>[0]> = {}): FakeEngine {
  const vocabulary = Math.max(...tokenizerJson.added_tokens.map(({ id }) => id)) + 1;
  return createFakeEngine({ ending: ".fake", answer: ANSWER, vocabulary, ...change });
}

/** A host on these engines, and what it tells its page. */
async function connect(...engines: FakeEngine[]) {
  const host = createHost(engines).addPage();
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  const told: WorkerMessage[] = [];
  port1.onmessage = ({ data }: MessageEvent<WorkerMessage>) => told.push(data);
  await host.connect("life", port2);
  return { host, told };
}

/** All messages of a call, up to its outcome. */
function ask(host: WorkerApi, change: Partial<ReturnType<typeof makeCall>>) {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1);
  return new Promise<CallMessage[]>((resolve) => {
    const messages: CallMessage[] = [];
    port1.onmessage = ({ data }: MessageEvent<CallMessage>) => {
      messages.push(data);
      if (data.type === "done" || data.type === "failed") resolve(messages);
    };
    void host.generate(makeCall(change), port2, 0);
  });
}

/** An image of one colour, as pixels. */
function square(red: number, green: number, blue: number): ImageData {
  const pixel = [red, green, blue, 255];
  const data = Uint8ClampedArray.from({ length: 64 * 64 * 4 }, (_, at) => pixel[at % 4]!);
  return { data, width: 64, height: 64, colorSpace: "srgb" };
}

describe("a host on an engine that is not onnxruntime", () => {
  it("loads a model and answers a question about an image", async () => {
    const engine = fakeEngine();
    const { host, told } = await connect(engine);
    expect(await host.load(REQUEST)).toMatchObject({
      ok: true,
      value: { model: { id: "test/fake", variant: "tiny" }, device: "wasm" },
    });
    expect(engine.log).toEqual(["load", "vision: eyes", "embed: words", "decoder: mind"]);

    engine.appended.length = 0;
    const images = [{ kind: "pixels", pixels: square(255, 0, 0) }] as const;
    const messages = await ask(host, { images, prompt: "What is this?" });
    expect(messages.at(-1)).toMatchObject({
      type: "done",
      result: { text: WORDS, finishReason: "stop", device: "wasm", images: [{ size: 64 }] },
    });
    const text = messages.flatMap((one) => (one.type === "text-delta" ? one.text : [])).join("");
    expect(text).toBe(WORDS);
    // It was given what it had made of these pixels.
    const seen = engine.appended.flat().find(({ kind }) => kind === "image");
    expect(seen).toMatchObject({ features: { tokens: 1, values: Float32Array.of(1, 0, 0) } });
    await vi.waitFor(() => {
      const providers = told.flatMap((one) =>
        one.type === "metric" && one.metric.name === "gen_ai.client.operation.duration"
          ? one.metric.attributes["gen_ai.provider.name"]
          : [],
      );
      expect(providers).toEqual(["fake"]);
    });
  });

  it("opens an image once, so that a question appends only what is new", async () => {
    const engine = fakeEngine();
    const { host, told } = await connect(engine);
    await host.load(REQUEST);
    engine.appended.length = 0;
    const image = { kind: "pixels", pixels: square(0, 255, 0), id: "green" } as const;
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    const outcome = new Promise<CallMessage>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<CallMessage>) => {
        if (data.type === "opened" || data.type === "failed") resolve(data);
      };
    });
    const view = { fit: "pad", detail: "high", targetLatencyMs: undefined } as const;
    void host.open({ id: 1, image, ...view }, port2, 0);
    expect(await outcome).toMatchObject({ type: "opened", image: { size: 64, tokens: 1 } });
    const opened = engine.appended.splice(0).flat();
    expect(opened.at(-1)).toMatchObject({ kind: "image" }); // Nothing was asked.

    const messages = await ask(host, { id: 2, images: [image], prompt: "What is this?" });
    expect(messages.at(-1)).toMatchObject({ type: "done", result: { text: WORDS } });
    expect(engine.appended.flat().map(({ kind }) => kind)).not.toContain("image");
    const operations = told.filter(
      (one) => one.type === "metric" && one.metric.name === "gen_ai.client.operation.duration",
    );
    expect(operations).toHaveLength(1); // To open is no question.
  });

  it("gives a mistake of the engine or of the kit a code, a stage and the mistake as its cause", async () => {
    const state = { isBroken: false };
    const onAppend = (): void => {
      if (state.isBroken) throw new TypeError("undefined is not a function");
    };
    const { host } = await connect(fakeEngine({ onAppend }));
    await host.load(REQUEST);
    state.isBroken = true;
    expect((await ask(host, { prompt: "What is this?" })).at(-1)).toMatchObject({
      type: "failed",
      error: {
        code: "generation-failed",
        details: { stage: "prefill" },
        cause: { name: "TypeError", message: "undefined is not a function" },
      },
    });
    // The next call is none the worse for it.
    state.isBroken = false;
    expect((await ask(host, { prompt: "What is this?" })).at(-1)).toMatchObject({ type: "done" });
  });

  it("gives a call before the model is loaded the same code", async () => {
    const { host } = await connect(fakeEngine());
    expect((await ask(host, {})).at(-1)).toMatchObject({
      type: "failed",
      error: { code: "generation-failed", details: { stage: "queue" } },
    });
  });

  it("runs the first of its engines that takes the files", async () => {
    const [other, first, second] = [
      fakeEngine({ name: "other", ending: ".onnx" }),
      fakeEngine({ name: "first" }),
      fakeEngine({ name: "second" }),
    ];
    const { host } = await connect(other, first, second);
    expect(await host.load(REQUEST)).toMatchObject({ ok: true });
    expect([other, first, second].map(({ log }) => log.length)).toEqual([0, 4, 0]);
  });

  it.each([
    ["the files", REQUEST.variant, ".onnx"],
    ["the device", { ...REQUEST.variant, device: "webgpu" }, ".fake"],
  ] as const)("refuses a variant where no engine takes %s", async (_, variant, ending) => {
    const engine = fakeEngine({ ending });
    const { host, told } = await connect(engine);
    const { device } = variant;
    expect(await host.load({ ...REQUEST, variant })).toMatchObject({
      ok: false,
      error: {
        code: "no-device",
        message: expect.stringContaining(`the variant "tiny" on ${device}`) as string,
        details: { attempts: [{ device, reason: "no-engine" }] },
      },
    });
    expect(engine.log).toEqual([]);
    expect(told).toEqual([]); // Nothing was downloaded for it.
  });
});

describe("a host with pages of two tabs", () => {
  async function connectTwo(engine: FakeEngine) {
    const host = createHost([engine]);
    const pages = [host.addPage(), host.addPage()] as const;
    const told: [WorkerMessage[], WorkerMessage[]] = [[], []];
    for (const [index, page] of pages.entries()) {
      const { port1, port2 } = new MessageChannel();
      ports.push(port1);
      port1.onmessage = ({ data }: MessageEvent<WorkerMessage>) => told[index]!.push(data);
      await page.connect(`life ${String(index)}`, port2);
    }
    return { pages, told };
  }

  const operationsOf = (told: readonly WorkerMessage[]): number =>
    told.filter(
      (one) => one.type === "metric" && one.metric.name === "gen_ai.client.operation.duration",
    ).length;

  it("loads once for both, and tells each page of its own calls only", async () => {
    const engine = fakeEngine();
    const { pages, told } = await connectTwo(engine);
    const reports = await Promise.all(pages.map((page) => page.load(REQUEST)));
    expect(reports.map(({ ok }) => ok)).toEqual([true, true]);
    expect(engine.log.filter((line) => line === "load")).toHaveLength(1);
    for (const messages of told) {
      await vi.waitFor(() => {
        expect(messages.map(({ type }) => type)).toContain("start");
      });
    }
    // Both use the same id.
    const [first, second] = await Promise.all([
      ask(pages[0], { id: 1, prompt: "What is this?" }),
      ask(pages[1], { id: 1, prompt: "And this?" }),
    ]);
    expect(first.at(-1)).toMatchObject({ type: "done" });
    expect(second.at(-1)).toMatchObject({ type: "done" });
    await vi.waitFor(() => {
      expect(told.map(operationsOf)).toEqual([1, 1]);
    });
    const loads = told.map((all) =>
      all.flatMap((one) =>
        one.type === "metric" && one.metric.name === "vlm.model.load.duration" ? one : [],
      ),
    );
    expect(loads.map(({ length }) => length)).toEqual([1, 0]); // Counted once.
  });

  it("ends the calls of a page that is gone, and no others", async () => {
    const { pages } = await connectTwo(fakeEngine());
    await pages[0].load(REQUEST);
    await pages[1].load(REQUEST);
    const gone = ask(pages[0], { id: 1, prompt: "What is this?" });
    const stays = ask(pages[1], { id: 1, prompt: "And this?" });
    await pages[0].leave();
    expect((await gone).at(-1)).toMatchObject({ type: "failed", error: { name: "AbortError" } });
    expect((await stays).at(-1)).toMatchObject({ type: "done" });
  });

  it("pauses while one of them has paused, and goes on when that page is gone", async () => {
    const { pages } = await connectTwo(fakeEngine());
    await pages[0].pauseDownloads(true);
    await pages[1].pauseDownloads(false);
    let isLoaded = false;
    const load = pages[1].load(REQUEST).then(() => {
      isLoaded = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isLoaded).toBe(false);
    await pages[0].leave();
    await load;
    expect(isLoaded).toBe(true);
  });
});
