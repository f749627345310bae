import { PreTrainedTokenizer } from "@huggingface/transformers";
import { describe, expect, it } from "vitest";
import { idefics3Tokenizer } from "../../test/idefics3-tokenizer.ts";
import { qwen2Config, qwen2Json } from "../../test/qwen2-tokenizer.ts";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import type { ChatMessage } from "../engines/runtime.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import { SMOLVLM_PROMPT } from "../families/smolvlm/smolvlm.ts";
import { createChatWriter } from "./chat-template.ts";

const question: ChatMessage = { role: "user", images: 1, text: "What is this?" };
const plain: ChatMessage = { role: "user", images: 0, text: "{{ messages }} {% raw %}\n\t" };
const conversations: readonly (readonly ChatMessage[])[] = [
  [question],
  [plain],
  [{ ...question, images: 3 }],
  [{ role: "system", images: 0, text: " Answer in German. " }, question],
  [{ role: "system", images: 0, text: "" }, plain],
  [
    question,
    { role: "assistant", images: 0, text: "A cup.\n" },
    { role: "user", images: 0, text: "Sure?" },
  ],
];

/** ChatML as transformers falls back to it, with other quotes, tags and names of variables. */
const PLAIN_CHATML = `{# ChatML #}
{%- for turn in messages -%}
  {{- "<|im_start|>" ~ "" if false else '<|im_start|>' + turn.role + "\\n" + turn["content"] + '<|im_end|>' + '\\n' -}}
{%- endfor -%}`;

const SPELLED_CHATML = [
  "{#- one turn after the other -#}\n{%- for turn in messages %}\n",
  '    {{- "<|im_start|>" + turn.role + "\\n" }}{{ turn.content }}<|im_end|>{{ "\\n" }}\n',
  "{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n",
].join("");

const OF_TRANSFORMERS = idefics3Tokenizer.config.chat_template.replace(
  "{{ '<image>' }}{% endif %}",
  "{{ '<image>' }}{% elif part['type'] == 'video' %}{{ '<video>' }}{% endif %}",
);

const asText = ({ role, images, text }: ChatMessage) => ({
  role,
  content: "<image>".repeat(images) + text,
});
const asParts = ({ role, images, text }: ChatMessage) => ({
  role,
  content: [
    ...new Array<object>(images).fill({ type: "image" }),
    { type: "text", text },
  ] as unknown as string,
});

describe("createChatWriter", () => {
  const { json, config } = idefics3Tokenizer;
  const known = [
    ["the embedded FastVLM", tokenizerJson, tokenizerConfig, FASTVLM_PROMPT, asText],
    ["Qwen2.5", qwen2Json, qwen2Config, FASTVLM_PROMPT, asText],
    [
      "ChatML without a system message, in another spelling",
      tokenizerJson,
      { ...tokenizerConfig, chat_template: SPELLED_CHATML },
      FASTVLM_PROMPT,
      asText,
    ],
    [
      "Qwen2 with another system message",
      tokenizerJson,
      {
        ...tokenizerConfig,
        chat_template: tokenizerConfig.chat_template.replace(
          "You are a helpful assistant.",
          'Say \\"yes\\". It\\\'s so.',
        ),
      },
      FASTVLM_PROMPT,
      asText,
    ],
    ["SmolVLM's kind", json, config, SMOLVLM_PROMPT, asParts],
    [
      "SmolVLM's kind with videos",
      json,
      { ...config, chat_template: OF_TRANSFORMERS },
      SMOLVLM_PROMPT,
      asParts,
    ],
  ] as const;

  it.each(known)("writes as transformers.js renders the template of %s", (...parts) => {
    const [, tokenizer, tokenizerConfig, form, toMessage] = parts;
    const write = createChatWriter({ config: tokenizerConfig }, form);
    const reference = new PreTrainedTokenizer(tokenizer, tokenizerConfig);
    for (const messages of conversations) {
      const options = { tokenize: false, add_generation_prompt: true } as const;
      expect(write(messages)).toBe(reference.apply_chat_template(messages.map(toMessage), options));
    }
  });

  it("prefers the template's own file to the config's", () => {
    const write = createChatWriter(
      { config: tokenizerConfig, template: SPELLED_CHATML },
      FASTVLM_PROMPT,
    );
    expect(write([plain])).not.toContain("system");
  });

  it("takes the default among several named templates", () => {
    const named = [
      { name: "tool_use", template: "tools" },
      { name: "default", template: SPELLED_CHATML },
    ];
    const config = { ...tokenizerConfig, chat_template: named };
    expect(createChatWriter({ config }, FASTVLM_PROMPT)([plain])).not.toContain("system");
  });

  it("takes the descriptor's word instead of a template", () => {
    const config = { ...tokenizerConfig, chat_template: "{{ nothing }}" };
    const write = createChatWriter(
      { config, chat: { defaultSystem: "Be brief." } },
      FASTVLM_PROMPT,
    );
    expect(write([question])).toBe(
      "<|im_start|>system\nBe brief.<|im_end|>\n" +
        "<|im_start|>user\n<image>What is this?<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  const QWEN2 = tokenizerConfig.chat_template;
  it.each([
    ["an open block", "{% if messages"],
    ["nothing", ""],
    ["a loop that would not end", "{% for a in range(999999999) %}{{ a }}{% endfor %}"],
    ["a way out of the template", "{{ ''.constructor.constructor('return 1')() }}"],
    ["another mark at the end of turns", QWEN2.replaceAll("<|im_end|>", "<|end|>")],
    [
      "another role for the answer",
      QWEN2.replace("assistant\\n' }}{% endif", "model\\n' }}{% endif"),
    ],
    ["changed texts", QWEN2.replace("message['content'] +", "message['content'] | trim +")],
    ["one more word", `${QWEN2} Sure:`],
    [
      "a second default system message",
      QWEN2.replace("assistant.<", "assistant.<|im_end|>\\n<|im_start|>system\\nx<"),
    ],
    ["a change that looks like text", PLAIN_CHATML],
    ["only tools", `{% if tools %}${QWEN2}{% endif %}`],
    ["another condition around it", `{% if documents %}${QWEN2}{% endif %}`],
  ])("refuses a template with %s, and says where it is", (_, template) => {
    const expectedIn = (file: string): unknown =>
      expect.objectContaining({
        code: "model-invalid",
        details: { file, reason: "unknown chat template" },
      });
    expect(() => createChatWriter({ config: tokenizerConfig, template }, FASTVLM_PROMPT)).toThrow(
      expectedIn("chat_template.jinja"),
    );
    const config = { ...tokenizerConfig, chat_template: template };
    expect(() => createChatWriter({ config }, FASTVLM_PROMPT)).toThrow(
      expectedIn("tokenizer_config.json"),
    );
  });

  it("does not mistake one family's template for another's", () => {
    expect(() => createChatWriter({ config }, FASTVLM_PROMPT)).toThrow("does not know");
    expect(() => createChatWriter({ config: tokenizerConfig }, SMOLVLM_PROMPT)).toThrow(
      "does not know",
    );
  });

  const notOne = [
    undefined,
    null,
    7,
    {},
    [],
    [{ name: "rag", template: "x" }],
    [{ name: "default" }],
  ];
  it.each(notOne.map((value) => ({ value })))(
    "says that a config with $value has no template",
    ({ value }) => {
      const config = { ...tokenizerConfig, chat_template: value };
      expect(() => createChatWriter({ config }, FASTVLM_PROMPT)).toThrow(
        expect.objectContaining({
          code: "model-invalid",
          message: expect.stringContaining("no chat template") as unknown,
        }),
      );
    },
  );
});
