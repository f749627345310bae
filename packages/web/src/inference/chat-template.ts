/**
 * Finds out how a model's conversations are written. Its chat template is a program that a stranger wrote, so it is only
 * compared with the templates that the model's family knows, and never executed.
 */

import { VlmError } from "../protocol/errors.ts";
import type { ChatStyle } from "../protocol/model-descriptor.ts";
import type { ChatMessage } from "../engines/runtime.ts";
import type { PromptForm } from "../families/family.ts";
import { readTemplateShape } from "../families/template-shape.ts";
import { isObject } from "../schema/is-object.ts";

/** Where a chat template may be, and what an app says instead of it. */
export interface ChatFiles {
  /** Content of `tokenizer_config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Content of `chat_template.jinja`, which is preferred to the template in the config. */
  readonly template?: string | undefined;
  /** What the model's descriptor says; no template is read then. */
  readonly chat?: ChatStyle | undefined;
}

/**
 * @param form how the family writes messages
 * @returns a function that writes messages as text, which ends where the answer begins
 * @throws {VlmError} `model-invalid` when there is no template, or none that the family knows
 */
export function createChatWriter(
  files: ChatFiles,
  form: Pick<PromptForm, "readTemplate" | "write">,
): (messages: readonly ChatMessage[]) => string {
  const style = files.chat ?? readStyle(files, form);
  return (messages) => form.write(messages, style);
}

const CONFIG_FILE = "tokenizer_config.json";

function readStyle(
  { config, template }: ChatFiles,
  form: Pick<PromptForm, "readTemplate">,
): ChatStyle {
  const shape = readTemplateShape(template ?? findTemplate(config["chat_template"]));
  const style = shape && form.readTemplate(shape);
  if (style) return style;
  throw new VlmError(
    "model-invalid",
    "The kit does not know the model's chat template, and it does not execute templates. Use the template that the model was published with. If the model takes its family's form of conversations, say so with `chat` in its descriptor.",
    {
      file: template === undefined ? CONFIG_FILE : "chat_template.jinja",
      reason: "unknown chat template",
    },
  );
}

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
