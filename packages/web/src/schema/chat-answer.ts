/**
 * What a server of the chat API answers, as far as the kit reads it. It comes from a stranger: other fields are dropped, and
 * what is not as it must be makes the whole garbage.
 */

import { nullish, number, string, union, type InferOutput } from "valibot";
import { fields, listOf, maybe } from "./fields.ts";
import { oneOf } from "./values.ts";

const logprob = fields({ logprob: number() }, "dropped");

const token = fields(
  { logprob: number(), top_logprobs: nullish(listOf(logprob, "a list")) },
  "dropped",
);

const choice = fields(
  {
    index: nullish(number()),
    /** Of a stream. */
    delta: nullish(fields({ content: nullish(string()) }, "dropped")),
    /** Of an answer that comes as a whole. */
    message: nullish(fields({ content: nullish(string()) }, "dropped")),
    finish_reason: nullish(string()),
    logprobs: nullish(fields({ content: nullish(listOf(token, "a list")) }, "dropped")),
  },
  "dropped",
);

const usage = fields(
  {
    prompt_tokens: nullish(number()),
    completion_tokens: nullish(number()),
    prompt_tokens_details: nullish(fields({ cached_tokens: nullish(number()) }, "dropped")),
  },
  "dropped",
);

/** A piece of a stream, or a whole answer. The last piece may have counts, and no choice. */
export const chatAnswer = fields(
  { choices: listOf(choice, "a list of choices"), usage: nullish(usage) },
  "dropped",
);

export type ChatAnswer = InferOutput<typeof chatAnswer>;

/**
 * An error: as an object below `error` (OpenAI, vLLM, llama.cpp, Ollama), as a text there (LM Studio), or with `object:
 * "error"` (SGLang, earlier vLLM).
 */
export const chatError = union([
  fields({ error: union([string(), fields({ message: maybe(string()) }, "dropped")]) }, "dropped"),
  fields({ object: oneOf(["error"]), message: string() }, "dropped"),
]);
