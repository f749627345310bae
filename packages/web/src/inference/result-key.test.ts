import { afterEach, describe, expect, it, vi } from "vitest";
import { makeCall } from "../../test/results.ts";
import type { GenerationOptions } from "../protocol/options.ts";
import { resolveGenerationOptions } from "../schema/generation-options.ts";
import type { GenerateCall } from "../wire/worker-api.ts";
import { resultKey } from "./result-key.ts";

const MODEL = { id: "test", revision: "1", variant: "int8" };

function key(
  change: Partial<GenerateCall> = {},
  { model = MODEL, images = [] as string[] } = {},
): Promise<string | undefined> {
  return resultKey(makeCall(change), model, images);
}

function generation(options: GenerationOptions & { maxWords?: number }): Partial<GenerateCall> {
  return { generation: resolveGenerationOptions(options) };
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("resultKey", () => {
  it("is the same for the same question, and a SHA-256", async () => {
    expect(await key({}, { images: ["a"] })).toMatch(/^[0-9a-f]{64}$/);
    expect(await key({}, { images: ["a"] })).toBe(await key({}, { images: ["a"] }));
  });

  it("does not depend on what makes no difference to the answer", async () => {
    const blob = { kind: "blob", blob: new Blob(["x"]) } as const;
    expect(await key({ id: 2, useCache: false, images: [blob] })).toBe(await key());
  });

  it("differs with everything that may change the answer", async () => {
    const seeded = { temperature: 1, seed: 1 };
    const keys = await Promise.all([
      key(),
      key({ prompt: "What is that?" }),
      key({ prompt: "What is this? " }),
      key({ system: "" }),
      key({ system: "What is this?" }),
      key({ endOnSentence: true }),
      key({ stripLeadIn: true }),
      key(generation({ maxNewTokens: 64 })),
      key(generation({ maxWords: 64 })),
      key(generation({ stop: ["\n"] })),
      key(generation({ stop: ["\n", "."] })),
      key(generation({ stop: ['\n","."'] })),
      key(generation({ repetitionPenalty: 1.1 })),
      key(generation(seeded)),
      key(generation({ ...seeded, seed: 2 })),
      key(generation({ ...seeded, temperature: 0.5 })),
      key(generation({ ...seeded, topP: 0.5 })),
      key(generation({ ...seeded, topK: 64 })),
      key({}, { model: { ...MODEL, id: "other" } }),
      key({}, { model: { ...MODEL, revision: "2" } }),
      key({}, { model: { ...MODEL, variant: "q4" } }),
      key({}, { images: ["a"] }),
      key({}, { images: ["b"] }),
      key({}, { images: ["a", "b"] }),
      key({}, { images: ["b", "a"] }),
      key({}, { images: ["ab"] }),
      key({
        history: [
          { role: "user", content: "a" },
          { role: "assistant", content: "b" },
        ],
      }),
      key({
        history: [
          { role: "user", content: "b" },
          { role: "assistant", content: "a" },
        ],
      }),
    ]);
    expect(keys).not.toContain(undefined);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("is none for sampling that no seed makes repeatable", async () => {
    expect(await key(generation({ temperature: 0.1 }))).toBeUndefined();
    expect(await key(generation({ temperature: 0.1, seed: 0 }))).toBeDefined();
  });

  it("is none where the page has no WebCrypto", async () => {
    vi.stubGlobal("crypto", {});
    expect(await key()).toBeUndefined();
  });
});
