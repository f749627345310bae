/** ChatML: how Qwen2, and FastVLM with it, writes conversations. */

import type { ChatMessage } from "../../engines/runtime.ts";
import type { ChatStyle } from "../../protocol/model-descriptor.ts";
import type { TemplateShape } from "../template-shape.ts";

const SYSTEM_OPENS = "<|im_start|>system\n";
const CLOSES = "<|im_end|>\n";

/** Writes turns as `<|im_start|>role`, a line break, the text, `<|im_end|>`. Images stand before the text. */
export function writeChatMl(messages: readonly ChatMessage[], { defaultSystem }: ChatStyle) {
  const isOwn = messages[0]?.role === "system";
  const system = isOwn || defaultSystem === undefined ? "" : SYSTEM_OPENS + defaultSystem + CLOSES;
  const turns = messages.map(
    ({ role, images, text }) => `<|im_start|>${role}\n${"<image>".repeat(images)}${text}${CLOSES}`,
  );
  return `${system}${turns.join("")}<|im_start|>assistant\n`;
}

/**
 * Recognises the templates of ChatML that are published: those of Qwen2 and Qwen2.5, and the one without a default system
 * message.
 *
 * @returns what a template says of its own, or undefined where it is another one
 */
export function readChatMl(shape: TemplateShape): ChatStyle | undefined {
  const system = shape.find(isSystem);
  const spelled = shape.map((statement) => (statement === system ? DEFAULT_SYSTEM : statement));
  if (!KNOWN.has(spelled.join(""))) return undefined;
  if (system === undefined) return {};
  const text = JSON.parse(system) as string;
  return { defaultSystem: text.slice(SYSTEM_OPENS.length, -CLOSES.length) };
}

/** Whether a statement is the whole default system message, with one opening and one end. */
function isSystem(statement: string): boolean {
  if (!statement.startsWith('"')) return false;
  const text = JSON.parse(statement) as string;
  const content = text.slice(SYSTEM_OPENS.length, -CLOSES.length);
  return text === SYSTEM_OPENS + content + CLOSES && !content.includes("<|");
}

const DEFAULT_SYSTEM = "{the default system message}";
const TURN = ['"<|im_start|>"', '{{v0["role"]}}', '"\\n"', '{{v0["content"]}}', '"<|im_end|>\\n"'];
const ANSWER = ["{%if add_generation_prompt%}", '"<|im_start|>assistant\\n"', "{%endif%}"];

const PLAIN = ["{%for v0 in messages%}", ...TURN, "{%endfor%}", ...ANSWER];

const QWEN2 = [
  "{%for v0 in messages%}",
  '{%if loop.first and messages[0]["role"]!="system"%}',
  DEFAULT_SYSTEM,
  "{%endif%}",
  ...TURN,
  "{%endfor%}",
  ...ANSWER,
];

/** Without what it says of tools. */
const QWEN25 = [
  '{%if messages[0]["role"]=="system"%}',
  '"<|im_start|>system\\n"',
  '{{messages[0]["content"]}}',
  '"<|im_end|>\\n"',
  "{%else%}",
  DEFAULT_SYSTEM,
  "{%endif%}",
  "{%for v0 in messages%}",
  '{%if(v0["role"]=="user")or(v0["role"]=="system" and not loop.first)or(v0["role"]=="assistant" and not v0["tool_calls"])%}',
  ...TURN,
  "{%endif%}",
  "{%endfor%}",
  ...ANSWER,
];

const KNOWN: ReadonlySet<string> = new Set([PLAIN, QWEN2, QWEN25].map((shape) => shape.join("")));
