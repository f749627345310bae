/**
 * Turns text into ids and back, with the tokenizer library of transformers.js. The tokenizer is created without its added
 * tokens, so that no text can ever match one. Control tokens come only from `prompt.ts`.
 */

import { Tokenizer } from "@huggingface/tokenizers";
import { VlmError } from "../protocol/errors.ts";
import type { TextCodec } from "../engines/runtime.ts";
import type { PromptForm } from "../families/family.ts";
import { tokenizerFile } from "../schema/model-files.ts";
import { read } from "../schema/read.ts";
import { isObject } from "../schema/is-object.ts";
import { createTokenBytes } from "./token-bytes.ts";
import { createChatWriter, type ChatFiles } from "./chat-template.ts";

/**
 * @param tokenizerJson content of `tokenizer.json`
 * @param configJson content of `tokenizer_config.json`
 * @param form how the family writes messages
 * @param chat what says how this model writes them, besides `tokenizer_config.json`
 * @throws {VlmError} `model-invalid`
 */
export function createTextCodec(
  tokenizerJson: unknown,
  configJson: unknown,
  form: Pick<PromptForm, "readTemplate" | "write">,
  chat: Omit<ChatFiles, "config"> = {},
): TextCodec {
  if (!isObject(tokenizerJson)) throw invalid("tokenizer.json", "no object");
  if (!isObject(configJson)) throw invalid("tokenizer_config.json", "no object");
  const { added_tokens: addedTokens } = read(
    tokenizerFile,
    tokenizerJson,
    "tokenizer.json",
    ({ sentence }) => invalid("tokenizer.json", sentence),
  );
  const idOfControl = new Map(addedTokens.map(({ content, id }) => [content, id]));
  const controlIds = new Set(idOfControl.values());
  const tokenizer = createTokenizer({ ...tokenizerJson, added_tokens: [] }, configJson);
  const renderChat = createChatWriter({ ...chat, config: configJson }, form);

  return {
    encode(text) {
      if (text === "") return [];
      // The library's declarations do not resolve this far under Node's rules.
      const ids: number[] = tokenizer.encode(text, { add_special_tokens: false }).ids;
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
    bytesOf: createTokenBytes(tokenizerJson, controlIds),
    controlId: (token) => idOfControl.get(token),
    controlTokens: [...idOfControl.keys()],
    renderChat,
  };
}

/** Creates the tokenizer. For a file that is not a tokenizer's, the library throws all kinds of errors. */
function createTokenizer(json: object, config: object): Tokenizer {
  try {
    return new Tokenizer(json, config);
  } catch (cause) {
    throw invalid("tokenizer.json", cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function invalid(file: string, reason: string, cause?: unknown): VlmError {
  return new VlmError(
    "model-invalid",
    `The model's ${file} does not describe a tokenizer (${reason}). Use the tokenizer files that the model was published with.`,
    { file, reason },
    { cause },
  );
}
