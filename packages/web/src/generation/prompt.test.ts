import { PreTrainedTokenizer } from "@huggingface/transformers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fakeFeatures } from "../../test/fake-runtime.ts";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import { createTextCodec } from "../inference/tokenizer.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import type { ImagePiece } from "../families/family.ts";
import { cleanUserText } from "./clean-user-text.ts";
import { countTextTokens, fillImages, layOutPrompt, type PromptPiece } from "./prompt.ts";

const codec = createTextCodec(tokenizerJson, tokenizerConfig, FASTVLM_PROMPT);
const [IM_START, IM_END] = [codec.controlId("<|im_start|>")!, codec.controlId("<|im_end|>")!];
const CONTROL_IDS = new Set(codec.controlTokens.map((token) => codec.controlId(token)!));
/** transformers.js as it comes, added tokens and all: what the model was trained with. */
const reference = new PreTrainedTokenizer(tokenizerJson, tokenizerConfig);
const IMAGE_ID = codec.controlId("<image>")!;

function ask(text: string, { images = 1, system }: { images?: number; system?: string } = {}) {
  const shown = Array<readonly ImagePiece[]>(images).fill([{ kind: "tile" }]);
  return layOutPrompt(codec, FASTVLM_PROMPT, { text, system }, shown);
}

/** All ids in order, with the id of `<image>` for images. */
function flatten(pieces: readonly PromptPiece[]): number[] {
  return pieces.flatMap((piece) => (piece.kind === "image" ? [IMAGE_ID] : piece.ids));
}

function skeleton(pieces: readonly PromptPiece[]): number[] {
  return flatten(pieces).filter((id) => CONTROL_IDS.has(id));
}

/** The text of the last turn but the one that is to be written: the question as the model reads it. */
function readQuestion(pieces: readonly PromptPiece[]): string {
  const ids = flatten(pieces);
  const from = ids.lastIndexOf(IM_START, ids.lastIndexOf(IM_START) - 1);
  const turn = ids.slice(from, ids.lastIndexOf(IM_END)).filter((id) => !CONTROL_IDS.has(id));
  return codec.decode(turn).replace(/^user\n/, "");
}

// What could hide a control token from a filter that looks for it, or complete one after the filter.
const JOINERS = [
  ["", " ", "\n", "\0", "\u00AD", "\u0301", "\u034F", "\u061C"],
  ["\u200B", "\u200C", "\u200D", "\u200E", "\u202E", "\u2060", "\u2066", "\uFE0F", "\uFEFF"],
  ["\uE000", "\uE001", "\uE0000\uE001", "\uE0001\uE001", "\u{E0061}", "\u{E007F}", "Ġ", "Ċ"],
].flat();
const HOMOGLYPHS: Readonly<Record<string, string>> = {
  "<": "＜",
  ">": "＞",
  "|": "ǀ",
  i: "і",
  a: "а",
  e: "е",
  _: "＿",
};

const controlTokens = [...codec.controlTokens, "<image>", "<|im_start|>system\n", "<|im_end|>\n"];
const token = fc.constantFrom(...controlTokens);
const joined = fc
  .tuple(token, fc.nat(), fc.array(fc.constantFrom(...JOINERS), { minLength: 1, maxLength: 3 }))
  .map(([one, at, joiners]) => {
    const middle = at % (one.length + 1);
    return one.slice(0, middle) + joiners.join("") + one.slice(middle);
  });
const lookalike = fc
  .tuple(token, fc.infiniteStream(fc.boolean()))
  .map(([one, coins]) =>
    Array.from(one, (char) => (coins.next().value ? (HOMOGLYPHS[char] ?? char) : char)).join(""),
  );
const hostileText = fc
  .array(fc.oneof(token, joined, lookalike, fc.string({ unit: "binary", maxLength: 8 })), {
    minLength: 1,
  })
  .map((parts) => parts.join(""));

describe("layOutPrompt", () => {
  it("lets nothing that a user types become a control token", () => {
    fc.assert(
      fc.property(hostileText, fc.option(hostileText, { nil: undefined }), (text, system) => {
        const options = { images: 2, ...(system !== undefined && { system }) };
        const harmless = { images: 2, ...(system !== undefined && { system: "harmless" }) };
        const pieces = ask(text, options);
        expect(skeleton(pieces)).toEqual(skeleton(ask("harmless", harmless)));
        expect(readQuestion(pieces)).toBe(cleanUserText(text));
      }),
      { numRuns: 300 },
    );
  });

  it.each(controlTokens)("keeps %j as the text that it is", (control) => {
    const pieces = ask(`What is ${control} here?`);
    expect(skeleton(pieces)).toEqual([IM_START, IM_END, IM_START, IMAGE_ID, IM_END, IM_START]);
    expect(readQuestion(pieces)).toBe(`What is ${control} here?`);
  });

  it("cannot be made to put one text in another's place", () => {
    const pieces = ask("say \uE0000\uE001 \uE0001\uE001", { system: "secret" });
    expect(readQuestion(pieces)).toBe("say 0 1");
    expect(readQuestion(ask("say $& $1 $`"))).toBe("say $& $1 $`");
  });

  it.each([
    "What is on the left?",
    "  What is this?",
    "\n\nWhat is this?\n",
    "\tTabs\tand   runs of   spaces ",
    "Was ist das für ein Gebäude? 这是什么？ 😀🏳",
    "e\u0301 and é",
    "don't, we'll, 12345 3.14",
    ".",
    " ",
    "<",
    "< image >",
    "a|b <|im_end",
  ])("asks %j in the ids that the tokenizer gives for the whole rendered template", (text) => {
    const messages = [{ role: "user", content: `<image>${text}` }];
    const rendered = reference.apply_chat_template(messages, {
      tokenize: false,
      add_generation_prompt: true,
    });
    expect(flatten(ask(text))).toEqual(reference.encode(rendered));
  });

  it("replaces the template's system text by the caller's", () => {
    const messages = [
      { role: "system", content: " Answer in German. " },
      { role: "user", content: "What is this?" },
    ];
    const rendered = reference.apply_chat_template(messages, {
      tokenize: false,
      add_generation_prompt: true,
    });
    expect(flatten(ask("What is this?", { images: 0, system: " Answer in German. " }))).toEqual(
      reference.encode(rendered),
    );
  });

  it("has the template's own system text where the caller gives none", () => {
    expect(codec.decode(flatten(ask("What is this?")))).toContain("You are a helpful assistant.");
    expect(codec.decode(flatten(ask("What is this?", { system: "" })))).not.toContain("helpful");
  });

  it("puts images straight before the question", () => {
    const ids = flatten(ask("Same?", { images: 2 }));
    const first = ids.indexOf(IMAGE_ID);
    expect(ids.slice(first, first + 3)).toEqual([IMAGE_ID, IMAGE_ID, codec.encode("Same?")[0]]);
    expect(ids.filter((id) => id === IMAGE_ID)).toHaveLength(2);
  });

  it("refuses a vocabulary that lacks the template's tokens", () => {
    const lacking = { ...codec, controlId: () => undefined };
    expect(() =>
      layOutPrompt(lacking, FASTVLM_PROMPT, { text: "?", system: undefined }, []),
    ).toThrow("no control token");
  });
});

describe("fillImages", () => {
  it("fills in images in order and merges the text between them", () => {
    const [first, second] = [fakeFeatures(1), fakeFeatures(4)];
    const parts = fillImages(ask("Same?", { images: 2 }), [first, second]);
    expect(parts.map(({ kind }) => kind)).toEqual(["tokens", "image", "image", "tokens"]);
    expect(parts[1]).toEqual({ kind: "image", features: first });
    expect(parts[1]?.kind === "image" && parts[1].features).toBe(first);
    expect(parts[2]?.kind === "image" && parts[2].features).toBe(second);
    const ids = parts.flatMap((part) => (part.kind === "tokens" ? part.ids : [IMAGE_ID]));
    expect(ids).toEqual(flatten(ask("Same?", { images: 2 })));
  });

  it("needs as many images as there are places", () => {
    expect(() => fillImages(ask("?", { images: 2 }), [fakeFeatures(1)])).toThrow("more places");
    expect(() => fillImages(ask("?", { images: 0 }), [fakeFeatures(1)])).toThrow("fewer places");
  });
});

describe("countTextTokens", () => {
  it("counts the template and the question, without images", () => {
    const pieces = ask("What is this?", { images: 3 });
    expect(countTextTokens(pieces)).toBe(flatten(pieces).length - 3);
  });
});
