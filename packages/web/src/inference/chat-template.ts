/**
 * Renders the model's chat template with the template engine of transformers.js, and with the variables of its
 * `apply_chat_template`. A template is one of the model's files and is not trusted, so every error in it is
 * `model-invalid`.
 */

import { Template } from "@huggingface/jinja";
import { VlmError } from "../protocol/errors.ts";
import type { ChatMessage } from "../engines/runtime.ts";
import type { PromptForm } from "../families/family.ts";
import { isObject } from "../schema/is-object.ts";

/** Renders messages as text that ends where the answer begins. */
export type ChatTemplate = (messages: readonly ChatMessage[]) => string;

/** Stands for a user's text, as the placeholders of `prompt.ts` do. */
const PROBE = "\uE0000\uE001";

/**
 * @param config content of `tokenizer_config.json`: special tokens, and the template of older exports
 * @param form how the family writes messages
 * @param text content of `chat_template.jinja`, which is preferred to the template in the config
 * @throws {VlmError} `model-invalid` when there is no template, or when it does not render a question
 */
export function createChatTemplate(
  config: Readonly<Record<string, unknown>>,
  form: Pick<PromptForm, "content">,
  text?: string,
): ChatTemplate {
  const file = text === undefined ? CONFIG_FILE : "chat_template.jinja";
  const template = parse(file, text ?? findTemplate(config["chat_template"]));
  const variables = { add_generation_prompt: true, tools: null, documents: null };
  const specialTokens = readSpecialTokens(config);
  const render: ChatTemplate = (messages) => {
    try {
      return template.render({ messages, ...variables, ...specialTokens });
    } catch (cause) {
      throw invalid(file, "The model's chat template fails", cause);
    }
  };
  if (!render([{ role: "user", content: form.content(0, PROBE) }]).includes(PROBE)) {
    throw invalid(file, "The model's chat template leaves out the text of a question");
  }
  return render;
}

const CONFIG_FILE = "tokenizer_config.json";

/** A config holds one template, or several with names. */
function findTemplate(value: unknown): string {
  const named: readonly unknown[] = Array.isArray(value) ? value : [];
  const byDefault = named.find((one) => isObject(one) && one["name"] === "default");
  const template = isObject(byDefault) ? byDefault["template"] : value;
  if (typeof template === "string") return template;
  throw new VlmError(
    "model-invalid",
    `The model's ${CONFIG_FILE} has no chat template. Add one, or the file chat_template.jinja.`,
    { file: CONFIG_FILE, reason: "no chat_template" },
  );
}

function parse(file: string, text: string): Template {
  try {
    return new Template(text);
  } catch (cause) {
    throw invalid(file, "The model's chat template is not a Jinja template", cause);
  }
}

// The special tokens that a template may use, as in transformers.js.
const SPECIAL_TOKENS = ["bos", "eos", "unk", "sep", "pad", "cls", "mask"];

/** Reads special tokens. A token is text, or an object with the text as `content`; null if the model has none. */
function readSpecialTokens(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const names = SPECIAL_TOKENS.map((name) => `${name}_token`);
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = config[name];
      const token = isObject(value) ? value["content"] : value;
      return typeof token === "string" && token !== "" ? [[name, token]] : [];
    }),
  );
}

function invalid(file: string, what: string, cause?: unknown): VlmError {
  const why = cause instanceof Error ? `: ${cause.message}` : "";
  return new VlmError(
    "model-invalid",
    `${what}${why}. Use the template that the model was published with.`,
    { file, reason: `chat template${why}` },
    { cause },
  );
}
