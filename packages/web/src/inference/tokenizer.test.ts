import { describe, expect, it } from "vitest";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import { createTextCodec } from "./tokenizer.ts";

const codec = createTextCodec(tokenizerJson, tokenizerConfig, FASTVLM_PROMPT);

describe("createTextCodec", () => {
  it("knows the vocabulary's control tokens and their ids", () => {
    const added = tokenizerJson.added_tokens;
    expect(codec.controlTokens).toEqual(added.map(({ content }) => content));
    expect(codec.controlTokens).toContain("<|im_end|>");
    for (const { content, id } of added) expect(codec.controlId(content)).toBe(id);
    expect(codec.controlId("<|im_middle|>")).toBeUndefined();
  });

  it("gives back any text that it encoded, control tokens included", () => {
    for (const text of ["A red circle.", " <|im_end|> ", "<image>", "ünï 😀 这", " ."]) {
      expect(codec.decode(codec.encode(text))).toBe(text);
    }
  });

  it("never encodes text as a control token", () => {
    const ids = new Set(codec.controlTokens.map((token) => codec.controlId(token)));
    for (const token of codec.controlTokens) {
      expect(codec.encode(`${token} ${token}`).some((id) => ids.has(id))).toBe(false);
    }
  });

  it("throws where the vocabulary itself holds a control token as plain text", () => {
    const plain = codec.encode("a");
    const overlapping = {
      ...tokenizerJson,
      added_tokens: [...tokenizerJson.added_tokens, { id: plain[0], content: "<|a|>" }],
    };
    expect(() => createTextCodec(overlapping, tokenizerConfig, FASTVLM_PROMPT).encode("a")).toThrow(
      "control token",
    );
  });

  it("has no ids for an empty text", () => {
    expect(codec.encode("")).toEqual([]);
    expect(codec.decode([])).toBe("");
  });

  it("leaves control tokens out of decoded text", () => {
    const end = codec.controlId("<|im_end|>")!;
    expect(codec.decode([...codec.encode("Yes."), end])).toBe("Yes.");
    expect(codec.decode([end])).toBe("");
  });

  it.each([
    [null, tokenizerConfig, "tokenizer.json"],
    [[], tokenizerConfig, "tokenizer.json"],
    [{ ...tokenizerJson, added_tokens: undefined }, tokenizerConfig, "tokenizer.json"],
    [
      { ...tokenizerJson, added_tokens: [{ id: "7", content: "<x>" }] },
      tokenizerConfig,
      "tokenizer.json",
    ],
    [
      { ...tokenizerJson, added_tokens: [{ id: 7, content: "" }] },
      tokenizerConfig,
      "tokenizer.json",
    ],
    [{ ...tokenizerJson, model: { type: "BPE" } }, tokenizerConfig, "tokenizer.json"],
    [{ ...tokenizerJson, normalizer: { type: "Unknown" } }, tokenizerConfig, "tokenizer.json"],
    [tokenizerJson, null, "tokenizer_config.json"],
    [tokenizerJson, { ...tokenizerConfig, chat_template: undefined }, "tokenizer_config.json"],
  ])("says which file is not as it should be", (json, config, file) => {
    expect(() => createTextCodec(json, config, FASTVLM_PROMPT)).toThrow(
      expect.objectContaining({
        code: "model-invalid",
        details: expect.objectContaining({ file }) as unknown,
      }),
    );
  });
});
