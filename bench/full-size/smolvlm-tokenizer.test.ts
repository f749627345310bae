import { PreTrainedTokenizer } from "@huggingface/transformers";
import { expect, test } from "vitest";
import { smolVlmTokenizerConfigJson, smolVlmTokenizerJson } from "./smolvlm-tokenizer.ts";

const json = smolVlmTokenizerJson();

test("has SmolVLM's control tokens at their ids and words at all others", () => {
  const ids = new Map(json.added_tokens.map(({ id, content }) => [content, id]));
  expect(ids.size).toBe(145);
  for (const [content, id] of [
    ["<|im_start|>", 1],
    ["<empty_output>", 16],
    ["<global-img>", 49152],
    ["<row_1_col_1>", 49153],
    ["<row_6_col_6>", 49188],
    ["<fake_token_around_image>", 49189],
    ["<image>", 49190],
    ["<end_of_utterance>", 49279],
  ] as const)
    expect([content, ids.get(content)]).toEqual([content, id]);
  expect(Object.keys(json.model.vocab)).toHaveLength(49152);
});

test("each merge makes a token of the vocabulary from two others", () => {
  const { vocab, merges } = json.model;
  const isKnown = (token: string) => Object.hasOwn(vocab, token);
  expect(
    merges.filter(([left = "", right = ""]) => ![left, right, left + right].every(isKnown)),
  ).toEqual([]);
});

test("transformers.js reads text back with it, with digits one by one", () => {
  const codec = new PreTrainedTokenizer(json, smolVlmTokenizerConfigJson());
  const text = "The 3 ovens cost 1250 €, said Zoë.";
  expect(codec.decode(codec.encode(text))).toBe(text);
  expect(codec.encode("1250")).toHaveLength(4);
});
