/**
 * Tokenizer and chat template by transformers.js. The tokenizer is built without its added tokens:
 * so no text can ever match one, and control tokens are only those that `prompt.ts` puts in.
 */

import { PreTrainedTokenizer } from "@huggingface/transformers";
import { VlmError } from "../protocol/errors.ts";
import type { TextCodec } from "../model/runtime.ts";

interface AddedToken {
  readonly id: number;
  readonly content: string;
}

/**
 * @param tokenizerJson content of `tokenizer.json`
 * @param configJson content of `tokenizer_config.json`
 * @throws {VlmError} `model-invalid`
 */
export function createTextCodec(tokenizerJson: unknown, configJson: unknown): TextCodec {
  if (
    !isRecord(tokenizerJson) ||
    !Array.isArray(tokenizerJson["added_tokens"]) ||
    !isRecord(configJson)
  ) {
    throw new VlmError(
      "model-invalid",
      "The model's tokenizer.json has no list of added tokens. Use the files of a Qwen2 tokenizer.",
      { file: "tokenizer.json", reason: "no added_tokens" },
    );
  }
  const addedTokens = tokenizerJson["added_tokens"] as readonly AddedToken[];
  const idOfControl = new Map(addedTokens.map(({ content, id }) => [content, id]));
  const controlIds = new Set(idOfControl.values());
  const tokenizer = new PreTrainedTokenizer(
    { ...tokenizerJson, added_tokens: [] },
    withoutSpecialTokens(configJson),
  );
  const chatTemplate = configJson["chat_template"];
  if (typeof chatTemplate !== "string") {
    throw new VlmError(
      "model-invalid",
      "The model's tokenizer_config.json has no chat template. Add one.",
      {
        file: "tokenizer_config.json",
        reason: "no chat_template",
      },
    );
  }

  return {
    encode(text) {
      if (text === "") return [];
      const ids = tokenizer.encode(text, { add_special_tokens: false });
      const smuggled = ids.find((id) => controlIds.has(id));
      if (smuggled !== undefined)
        throw new Error(`Text was encoded as the control token ${String(smuggled)}`);
      return ids;
    },
    decode(ids) {
      const plain = ids.filter((id) => !controlIds.has(id));
      if (plain.length === 0) return "";
      return tokenizer.decode(plain, {
        skip_special_tokens: false,
        clean_up_tokenization_spaces: false,
      });
    },
    controlId: (token) => idOfControl.get(token),
    controlTokens: [...idOfControl.keys()],
    renderChat(messages) {
      const rendered = tokenizer.apply_chat_template([...messages], {
        chat_template: chatTemplate,
        tokenize: false,
        add_generation_prompt: true,
      });
      return rendered;
    },
  };
}

/** Without these, the tokenizer would look up special tokens that it does not have. */
function withoutSpecialTokens(config: Record<string, unknown>): Record<string, unknown> {
  const kept = Object.entries(config).filter(
    ([key]) => !/_token$|^added_tokens_decoder$|^additional_special_tokens$/.test(key),
  );
  return Object.fromEntries(kept);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
