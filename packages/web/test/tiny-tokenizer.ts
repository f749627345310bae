/** The tokenizer of the tiny model: a real one of FastVLM's kind, small enough for tests. */

import { readFileSync } from "node:fs";

export const tokenizerJson = readModelFile("tokenizer.json") as {
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
};

export const tokenizerConfig = readModelFile("tokenizer_config.json") as {
  readonly chat_template: string;
};

function readModelFile(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../tiny/model/${name}`, import.meta.url), "utf8"));
}
