import { describe, expect, it, vi } from "vitest";
import {
  byteCodec,
  createFakeRuntime,
  END_ID,
  fakeFeatures,
  predictionOf,
} from "../../test/fake-runtime.ts";
import type { GenerationOptions } from "../protocol/options.ts";
import { resolveGenerationOptions } from "../schema/generation-options.ts";
import { generate, type Generation, type GenerationContext } from "./generate.ts";
import type { PromptPart, Runtime } from "../engines/runtime.ts";
import { createSequenceCache } from "./sequence-cache.ts";

const PROMPT: readonly PromptPart[] = [{ kind: "tokens", ids: byteCodec.encode("Q?") }];

async function run(
  answer: string,
  options: GenerationOptions & { maxWords?: number } = {},
  {
    prompt = PROMPT,
    maxPositions = 1000,
    ...context
  }: Partial<GenerationContext> & {
    prompt?: readonly PromptPart[];
    maxPositions?: number;
  } = {},
) {
  const runtime = createFakeRuntime([...byteCodec.encode(answer), END_ID], maxPositions);
  const texts: string[] = [];
  const onFirstToken = vi.fn();
  const generation = generate(
    {
      runtime,
      sequences: createSequenceCache({ ...runtime, ...context.runtime }, 0),
      codec: byteCodec,
      endIds: new Set([END_ID]),
      checkpoint: () => Promise.resolve(),
      onFirstToken,
      onText: (text) => texts.push(text),
      ...context,
    },
    prompt,
    resolveGenerationOptions(options),
  );
  const outcome: { value?: Generation; error?: unknown } = await generation.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  return { ...outcome, runtime, texts, onFirstToken };
}

describe("generate", () => {
  it("ends where the model ends", async () => {
    const { value, texts } = await run("Hi.");
    expect(value).toEqual({
      text: "Hi.",
      finishReason: "stop",
      outputTokens: 3,
      reusedTokens: 0,
      confidence: expect.any(Object) as unknown,
    });
    expect(texts).toEqual(["H", "i", "."]);
  });

  it("is as sure as the model was of the answer's tokens, and not of its end", async () => {
    const logits = 10; // Of the likeliest of 257 tokens; the others have 0.
    const expected = Math.exp(logits) / (Math.exp(logits) + 256);
    const { value } = await run("Hi.");
    expect(value!.confidence.mean).toBeCloseTo(expected, 6);
    expect(value!.confidence.least).toBeCloseTo(expected, 6);
    expect(value!.confidence.firstTokenEntropy).toBeGreaterThan(0.1);
    const empty = await run("");
    expect(empty.value!.confidence.mean).toBeCloseTo(expected, 6);
  });

  it("is as sure of a sampled token as the model was, whatever the temperature", async () => {
    const plain = await run("Hi.");
    const sampled = await run("Hi.", { temperature: 0.5, seed: 1 });
    expect(sampled.value!.confidence.mean).toBeCloseTo(plain.value!.confidence.mean, 6);
  });

  it("gives each token to the model before it asks for the next", async () => {
    const { runtime } = await run("Hi");
    expect(runtime.appended).toEqual([
      PROMPT,
      [{ kind: "tokens", ids: [0x48] }],
      [{ kind: "tokens", ids: [0x69] }],
    ]);
  });

  it("ends at `maxNewTokens`, without a run whose answer nobody reads", async () => {
    const { value, runtime } = await run("Hello", { maxNewTokens: 2 });
    expect(value).toMatchObject({ text: "He", finishReason: "length", outputTokens: 2 });
    expect(runtime.appended).toHaveLength(2);
  });

  it("gives out a character that `maxNewTokens` cut", async () => {
    const { value, texts } = await run("aé", { maxNewTokens: 2 });
    expect(value).toMatchObject({ text: "a\uFFFD", finishReason: "length" });
    expect(texts).toEqual(["a", "\uFFFD"]);
  });

  it("ends before a stop string", async () => {
    const { value, texts } = await run("Yes. No.", { stop: [" No"] });
    expect(value).toMatchObject({ text: "Yes.", finishReason: "stop-string" });
    expect(texts.join("")).toBe("Yes.");
  });

  it("gives out held text when the model ends in the middle of a stop string", async () => {
    const { value, texts } = await run("Yes. N", { stop: [" No"] });
    expect(value).toMatchObject({ text: "Yes. N", finishReason: "stop" });
    expect(texts.join("")).toBe("Yes. N");
  });

  it("ends once a word beyond `maxWords` shows that the last one is whole", async () => {
    const { value } = await run("one two three", { maxWords: 2 });
    expect(value).toMatchObject({ text: "one two t", finishReason: "max-words" });
  });

  it("calls back once, after the prompt and before the first text", async () => {
    const order: string[] = [];
    await run(
      "Hi",
      {},
      {
        onFirstToken: () => order.push("first token"),
        onText: (text) => order.push(text),
      },
    );
    expect(order).toEqual(["first token", "H", "i"]);
  });

  it("counts images as positions and refuses a prompt that leaves no room", async () => {
    const prompt: readonly PromptPart[] = [{ kind: "image", features: fakeFeatures(8) }, ...PROMPT];
    const { error, runtime } = await run("Hi", {}, { prompt, maxPositions: 10 });
    expect(error).toMatchObject({ code: "context-overflow", details: { tokens: 10, limit: 10 } });
    expect(runtime.appended).toHaveLength(0);
  });

  it("shortens the answer to the room that is left", async () => {
    const { value } = await run("Hello", {}, { maxPositions: 5 });
    expect(value).toMatchObject({ text: "Hel", finishReason: "length" });
  });

  it("penalises tokens of the prompt and of the answer", async () => {
    const alwaysQ = createFakeRuntime([]);
    const runtime: Runtime = {
      ...alwaysQ,
      startDecoding: () => ({
        ...alwaysQ.startDecoding(),
        append: () =>
          Promise.resolve(
            predictionOf(
              Float32Array.from({ length: 256 }, (_, id) => ({ 81: 4, 82: 3, 83: 2 })[id] ?? 0),
            ),
          ),
      }),
    };
    expect((await run("", { maxNewTokens: 4 }, { runtime })).value?.text).toBe("QQQQ");
    // Q? is the prompt. R and then S are likelier than what was there already.
    const { value } = await run("", { maxNewTokens: 2, repetitionPenalty: 3 }, { runtime });
    expect(value?.text).toBe("RS");
  });

  it("disposes of its cache and ends with the caller's reason when cancelled", async () => {
    const reason = new DOMException("enough", "AbortError");
    let checkpoints = 0;
    const { error, runtime, texts } = await run(
      "Hello",
      {},
      {
        checkpoint: () => (++checkpoints === 3 ? Promise.reject(reason) : Promise.resolve()),
      },
    );
    expect(error).toBe(reason);
    expect(texts).toEqual(["H", "e"]);
    expect(runtime.disposedDecodings).toBe(1);
  });

  it("disposes of its cache when it ends, too", async () => {
    const { runtime } = await run("Hi");
    expect(runtime.disposedDecodings).toBe(1);
  });
});
