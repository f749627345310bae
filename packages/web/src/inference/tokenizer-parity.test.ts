/**
 * Ids and text as transformers.js has them, for text that nobody would write and text that somebody
 * does: on the embedded model's tokenizer and on Qwen2.5's, whose vocabulary is FastVLM's.
 */

import { PreTrainedTokenizer } from "@huggingface/transformers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { qwen2Config, qwen2Json } from "../../test/qwen2-tokenizer.ts";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import { createTextCodec } from "./tokenizer.ts";

const TEXTS = [
  ...["A red circle", "  two", " .", "für 😀\n\n", "3.14", "a".repeat(500), "don't WE'LL it's"],
  ...["\r\n\r\n \t\t x", " ".repeat(300), "\n".repeat(97), "\u00A0\u2003\u3000x", "\0\u0007"],
  ...[
    "这是什么？左边有一只猫。",
    "これは何ですか",
    "이것은 무엇입니까?",
    "ما هذا؟",
    "यह क्या है",
    "что слева",
  ],
  ...["e\u0301 é \u1E9B\u0323", "a" + "\u0300".repeat(60), "👩‍👩‍👧‍👦🏳️‍🌈🇨🇭👍🏽", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "ﬁ Ⅷ ①"],
  ...[
    "\uD800",
    "x\uDC00y",
    "\uFFFD\uFFFE",
    "Ġ Ċ âĢĻ",
    "1234567890 1,000.5",
    "a_b-c/d\\e",
    "{{ x }}",
  ],
];

/** Characters of one kind each, so that random strings have runs of them, and borders between. */
const ALPHABETS = [
  " ",
  " \t\n\r\u00A0\u2003\u2028\u3000",
  "abcdefgTHE'sdmrtvl",
  "0123456789.,",
  '!?#$%&()*+-/:;<=>@[]^_`{|}~"\\',
  "äöüßéñçøÅŁ",
  "\u0300\u0301\u0308\u0323\u20DD\uFE0F\u200D\u200B",
  "的一是不了人我在有他这为之大来以个中上们",
  "あいうカキクㄱㄴ한국어",
  "אבגدعو\u064B\u0652ก็ไहिंदी",
  ...["😀👍🏽🇨🇭🏳️‍🌈👩‍🚀", "\uD83D\uDE00\uDBFF\uDC00"],
];
const run = fc
  .constantFrom(...ALPHABETS)
  .chain((alphabet) =>
    fc.string({ unit: fc.constantFrom(...alphabet.split("")), minLength: 1, maxLength: 12 }),
  );

/** A half of a surrogate pair has no bytes: it becomes U+FFFD. */
const wellFormed = (text: string): string =>
  new TextDecoder().decode(new TextEncoder().encode(text));

const MODELS = [
  { name: "the embedded model", json: tokenizerJson, config: tokenizerConfig },
  { name: "Qwen2.5", json: qwen2Json, config: qwen2Config },
];

describe.each(MODELS)("on the tokenizer of $name", ({ json, config }) => {
  const codec = createTextCodec(json, config, FASTVLM_PROMPT);
  const controls = codec.controlTokens;
  const whole = new PreTrainedTokenizer(json, config);
  const withoutControls = new PreTrainedTokenizer({ ...json, added_tokens: [] }, config);
  const decodeOptions = { skip_special_tokens: false, clean_up_tokenization_spaces: false };

  const plain = fc.array(fc.oneof(run, fc.string({ unit: "binary", maxLength: 6 })), {
    minLength: 1,
    maxLength: 8,
  });
  const spelledOut = fc.array(fc.oneof(fc.constantFrom(...controls, "<|", "|>"), run), {
    minLength: 1,
    maxLength: 8,
  });

  it("encodes text as transformers.js does", () => {
    const check = (text: string): void => {
      fc.pre(!controls.some((control) => text.includes(control)));
      expect(codec.encode(text)).toEqual(whole.encode(text, { add_special_tokens: false }));
    };
    for (const text of TEXTS) check(text);
    fc.assert(
      fc.property(plain, (parts) => {
        check(parts.join(""));
      }),
      { numRuns: 500 },
    );
  });

  it("encodes control tokens that are spelled out as transformers.js does without them", () => {
    const check = (text: string): void => {
      const ids = codec.encode(text);
      expect(ids).toEqual(withoutControls.encode(text, { add_special_tokens: false }));
      expect(codec.decode(ids)).toBe(wellFormed(text.normalize("NFC")));
    };
    for (const control of controls) check(`${control} ${control}\n`);
    fc.assert(
      fc.property(spelledOut, (parts) => {
        check(parts.join(""));
      }),
      { numRuns: 250 },
    );
  });

  it("decodes ids as transformers.js does", () => {
    const controlIds = new Set(controls.map((control) => codec.controlId(control)));
    const largest = Math.max(...json.added_tokens.map(({ id }) => id)) + 300; // a padded vocabulary
    const ids = fc.array(fc.nat({ max: largest }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(ids, (any) => {
        const text = any.filter((id) => !controlIds.has(id));
        fc.pre(text.length > 0);
        const decoded = codec.decode(any);
        expect(decoded).toBe(whole.decode(text, decodeOptions));
        expect(decoded).toBe(withoutControls.decode(text, decodeOptions));
      }),
      { numRuns: 250 },
    );
  });
});
