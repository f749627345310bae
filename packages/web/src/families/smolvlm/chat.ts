/** How SmolVLM and Idefics3 write conversations. */

import type { ChatMessage } from "../../engines/runtime.ts";
import type { ChatStyle } from "../../protocol/model-descriptor.ts";
import type { TemplateShape } from "../template-shape.ts";

/**
 * Writes turns as `User:`, the images, the text, `<end_of_utterance>`. Only a turn without images has a space after the
 * colon.
 */
export function writeSmolVlmChat(messages: readonly ChatMessage[]): string {
  const turns = messages.map(({ role, images, text }) => {
    const name = role.charAt(0).toUpperCase() + role.slice(1);
    const shown = images > 0 ? "<image>".repeat(images) : " ";
    return `${name}:${shown}${text}<end_of_utterance>\n`;
  });
  return `<|im_start|>${turns.join("")}Assistant:`;
}

/** Recognises the published templates: of both versions, and the one of transformers, which also knows videos. */
export function readSmolVlmTemplate(shape: TemplateShape): ChatStyle | undefined {
  return KNOWN.has(shape.join("")) ? {} : undefined;
}

function published(video: readonly string[]): string {
  return [
    '"<|im_start|>"',
    "{%for v0 in messages%}",
    '{{v0["role"]|capitalize}}',
    '{%if v0["content"][0]["type"]=="image"%}',
    '":"',
    "{%else%}",
    '": "',
    "{%endif%}",
    '{%for v1 in v0["content"]%}',
    '{%if v1["type"]=="text"%}',
    '{{v1["text"]}}',
    '{%elif v1["type"]=="image"%}',
    '"<image>"',
    ...video,
    "{%endif%}",
    "{%endfor%}",
    '"<end_of_utterance>\\n"',
    "{%endfor%}",
    "{%if add_generation_prompt%}",
    '"Assistant:"',
    "{%endif%}",
  ].join("");
}

const KNOWN: ReadonlySet<string> = new Set([
  published([]),
  published(['{%elif v1["type"]=="video"%}', '"<video>"']),
]);
