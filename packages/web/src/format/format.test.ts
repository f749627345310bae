import { Ajv } from "ajv";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteCodec, createFakeRuntime, END_ID, predictionOf } from "../../test/fake-runtime.ts";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import type { Decoding, Runtime, TextCodec } from "../engines/runtime.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import { generate } from "../generation/generate.ts";
import { createSequenceCache } from "../generation/sequence-cache.ts";
import { createTextCodec } from "../inference/tokenizer.ts";
import type { AnswerFormat, GenerationOptions, JsonSchema } from "../protocol/options.ts";
import { resolveGenerationOptions } from "../schema/generation-options.ts";
import { createConstraint } from "./answer-format.ts";

const tinyCodec = createTextCodec(tokenizerJson, tokenizerConfig, FASTVLM_PROMPT);

/** A model that wants something else at every step: its logits are noise. */
function createNoise(seed: number, vocabulary: number): Pick<Runtime, "startDecoding"> {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const start = (): Decoding => ({
    length: 0,
    bytes: 0,
    append: () =>
      Promise.resolve(predictionOf(Float32Array.from({ length: vocabulary }, () => random() * 20))),
    fork: start,
    dispose: () => undefined,
  });
  return { startDecoding: start };
}

async function answer(
  format: AnswerFormat,
  {
    seed = 1,
    codec = byteCodec,
    vocabulary = END_ID + 1,
    endId = END_ID,
    prefix = "",
    ...options
  }: GenerationOptions & {
    codec?: TextCodec;
    vocabulary?: number;
    endId?: number;
    prefix?: string;
  } = {},
) {
  const resolved = resolveGenerationOptions({ maxNewTokens: 60, seed, ...options, format });
  const runtime = { ...createFakeRuntime([0]), ...createNoise(seed, vocabulary) };
  return generate(
    {
      runtime,
      sequences: createSequenceCache(runtime, 0),
      codec,
      endIds: new Set([endId]),
      checkpoint: () => Promise.resolve(),
      onFirstToken: () => undefined,
      onText: () => undefined,
      constrain: (room) => createConstraint(resolved.format!, codec, prefix, room),
    },
    [{ kind: "tokens", ids: [1] }],
    resolved,
  );
}

const PATTERNS = [
  "yes|no|maybe",
  String.raw`\d{4}-\d{2}-\d{2}`,
  "[a-c]{2,5}x?",
  String.raw`^(?:a|b)+c$`,
  String.raw`[\p{L} ]{1,12}\.`,
  "é+ü?",
  "日本語?",
  "(?<name>[^x]){3}",
  "😀{1,3}!",
];

describe("an answer in a form", () => {
  it.each(PATTERNS)("matches %s, whatever the model wants", async (regex) => {
    for (let seed = 1; seed <= 12; seed++) {
      for (const temperature of [0, 2]) {
        const { text } = await answer({ regex }, { seed, temperature });
        expect(text).toMatch(new RegExp(`^(?:${regex})$`, "u"));
      }
    }
  });

  it("matches with the tokens of a real vocabulary too", async () => {
    const endId = tinyCodec.controlId("<|im_end|>")!;
    for (const regex of PATTERNS) {
      const { text } = await answer({ regex }, { codec: tinyCodec, vocabulary: 1400, endId });
      expect(text).toMatch(new RegExp(`^(?:${regex})$`, "u"));
    }
  });

  it("is complete in the tokens that it may have", async () => {
    // The model would go on with the letters in the middle.
    for (let maxNewTokens = 3; maxNewTokens < 12; maxNewTokens++) {
      for (let seed = 1; seed < 6; seed++) {
        const { text, outputTokens } = await answer(
          { regex: "a[b-y]*z{2}" },
          { maxNewTokens, seed },
        );
        expect(text).toMatch(/^a[b-y]*z{2}$/);
        expect(outputTokens).toBeLessThanOrEqual(maxNewTokens);
      }
    }
    await expect(answer({ regex: "a{20}" }, { maxNewTokens: 19 })).rejects.toThrow(
      "may need 20 tokens",
    );
  });

  it("is one of the options, and ends without another run where nothing can follow", async () => {
    const options = ["a (b)", "a|c", "d"];
    for (let seed = 1; seed < 20; seed++) {
      const { text, finishReason } = await answer({ options }, { seed });
      expect(options).toContain(text);
      expect(finishReason).toBe("stop");
    }
  });

  it("knows the flag for upper and lower case", async () => {
    const texts = await Promise.all(
      Array.from({ length: 12 }, (_, seed) => answer({ regex: /abc/i }, { seed: seed + 1 })),
    );
    for (const { text } of texts) expect(text).toMatch(/^abc$/i);
    expect(new Set(texts.map(({ text }) => text)).size).toBeGreaterThan(1);
  });

  it("may begin as the model begins its answers", async () => {
    const { text } = await answer({ regex: "ab" }, { prefix: " " });
    expect(text.trim()).toBe("ab");
  });

  it.each([
    ["a(", "is none"],
    ["a(?=b)", "looks ahead"],
    [String.raw`(a)\1`, "cannot have"],
    ["a^b", "inside"],
    ["(?:a{1000}){1000}", "too large"],
  ])("refuses %s", async (regex, why) => {
    await expect(answer({ regex })).rejects.toThrow(TypeError);
    await expect(answer({ regex })).rejects.toThrow(why);
  });
});

const PERSON: JsonSchema = {
  type: "object",
  properties: {
    name: { type: "string", maxLength: 8 },
    age: { type: "integer", minimum: 0, maximum: 120 },
    tags: { type: "array", items: { enum: ["a", 'b"', 3] }, maxItems: 2 },
    at: { anyOf: [{ type: "null" }, { $ref: "#/$defs/place" }] },
  },
  required: ["name", "at"],
  $defs: {
    place: { type: ["number", "boolean"] },
  },
};

describe("an answer by a JSON schema", () => {
  const ajv = new Ajv({ strict: false });

  it("is valid, whatever the model wants", async () => {
    const validate = ajv.compile(PERSON);
    for (let seed = 1; seed <= 12; seed++) {
      for (const temperature of [0, 3]) {
        const format = { schema: PERSON };
        const { text } = await answer(format, { seed, temperature, maxNewTokens: 120 });
        expect(validate(JSON.parse(text)), text).toBe(true);
      }
    }
  });

  const leaf = fc.constantFrom<JsonSchema>(
    { type: "string", minLength: 1, maxLength: 3 },
    { type: "integer" },
    { type: "number" },
    { type: "boolean" },
    { type: "null" },
    { const: { "a b": [1, "é"] } },
    { enum: ["x", 'quote"', "\\", null] },
  );
  const { schema: schemas } = fc.letrec<{ schema: JsonSchema }>((tie) => ({
    schema: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.record({
        type: fc.constant("array"),
        items: tie("schema"),
        minItems: fc.nat({ max: 2 }),
        maxItems: fc.integer({ min: 2, max: 3 }),
      }),
      fc.uniqueArray(fc.constantFrom("a", "b c", "d", 'e"'), { maxLength: 4 }).chain((names) =>
        fc.record({
          type: fc.constant("object"),
          properties: fc.record(Object.fromEntries(names.map((name) => [name, tie("schema")]))),
          required: fc.subarray(names),
          additionalProperties: fc.constant(false),
        }),
      ),
    ),
  }));

  it("is valid by any schema that is understood", async () => {
    await fc.assert(
      fc.asyncProperty(schemas, fc.nat(), async (schema, seed) => {
        const { text } = await answer({ schema }, { seed, maxNewTokens: 700 });
        expect(ajv.compile(schema)(JSON.parse(text)), text).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it.each<[JsonSchema, string]>([
    [{ type: "string", pattern: "a" }, "schema.pattern"],
    [{ type: "number", minimum: 1 }, "schema.minimum"],
    [{ type: "integer", minimum: 1 }, "needs both"],
    [{ oneOf: [] }, "schema.type"],
    [{ type: "object", properties: { a: { $ref: "#" } } }, "schema.a.$ref"],
    [
      { $defs: { a: { type: "array", items: { $ref: "#/$defs/a" } } }, $ref: "#/$defs/a" },
      "itself",
    ],
    [{ type: "object", required: ["b"] }, '"b"'],
    [{ type: "array", items: true }, "schema.items"],
  ])("refuses what it does not understand: %j", async (schema, why) => {
    await expect(answer({ schema })).rejects.toThrow(TypeError);
    await expect(answer({ schema })).rejects.toThrow(why);
  });
});
