import { PreTrainedTokenizer } from "@huggingface/transformers";
import { describe, expect, it } from "vitest";
import { qwen2Config, qwen2Json } from "../../test/qwen2-tokenizer.ts";
import { tokenizerConfig, tokenizerJson } from "../../test/tiny-tokenizer.ts";
import type { ChatMessage } from "../engines/runtime.ts";
import { FASTVLM_PROMPT } from "../families/fastvlm/fastvlm.ts";
import { createChatTemplate } from "./chat-template.ts";

type TextMessage = ChatMessage & { readonly content: string };

const question: TextMessage = { role: "user", content: "<image>What is this?" };
const conversations: readonly (readonly TextMessage[])[] = [
  [question],
  [{ role: "system", content: " Answer in German. " }, question],
  [{ role: "system", content: "" }, question],
  [question, { role: "assistant", content: "A cup.\n" }, { role: "user", content: "Sure?" }],
  [{ role: "user", content: "{{ messages }} {% raw %} <|im_end|>\n\t" }],
  [],
];

/** Names every variable that a template may ask for. */
const ALL_VARIABLES = [
  ...["bos", "eos", "unk", "sep", "pad", "cls", "mask"].map((name) => `${name}_token`),
  ...["add_generation_prompt", "continue_final_message", "tools", "documents", "messages"],
  ...["enable_thinking", "chat_template", "tokenize"],
];
const describing = ALL_VARIABLES.map(
  (name) =>
    `${name}: {% if ${name} is not defined %}undefined{% else %}{{ ${name} | tojson }}{% endif %}\n`,
).join("");

describe("createChatTemplate", () => {
  const pairs = [
    ["the embedded model", tokenizerJson, tokenizerConfig],
    ["Qwen2.5", qwen2Json, qwen2Config],
  ] as const;

  it.each(pairs)("renders the template of %s as transformers.js does", (_, json, config) => {
    const render = createChatTemplate(config, FASTVLM_PROMPT);
    const reference = new PreTrainedTokenizer(json, config);
    for (const messages of conversations) {
      const options = { tokenize: false, add_generation_prompt: true } as const;
      expect(render(messages)).toBe(reference.apply_chat_template([...messages], options));
    }
  });

  it.each(pairs)("gives a template the variables that %s has there", (_, json, config) => {
    const reference = new PreTrainedTokenizer(json, config);
    expect(createChatTemplate(config, FASTVLM_PROMPT, describing)([question])).toBe(
      reference.apply_chat_template([question], {
        chat_template: describing,
        tokenize: false,
        add_generation_prompt: true,
      }),
    );
  });

  it("reads special tokens that are written as objects", () => {
    const config = {
      ...tokenizerConfig,
      bos_token: { __type: "AddedToken", content: "<s>" },
      eos_token: null,
    };
    const text = "{{ bos_token }}{{ eos_token is defined }}{{ messages[0].content }}";
    const reference = new PreTrainedTokenizer(tokenizerJson, config);
    const rendered = createChatTemplate(config, FASTVLM_PROMPT, text)([question]);
    expect(rendered).toBe(`<s>false${question.content}`);
    const options = { chat_template: text, tokenize: false } as const;
    expect(rendered).toBe(reference.apply_chat_template([question], options));
  });

  it("ends where the answer begins", () => {
    expect(
      createChatTemplate(tokenizerConfig, FASTVLM_PROMPT)([{ role: "user", content: "Hi" }]),
    ).toBe(
      "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n" +
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    );
  });

  it("prefers the template's own file to the config's", () => {
    const render = createChatTemplate(
      tokenizerConfig,
      FASTVLM_PROMPT,
      "Q: {{ messages[0].content }} A:",
    );
    expect(render([{ role: "user", content: "Hi" }])).toBe("Q: Hi A:");
  });

  it("takes the default among several named templates, as transformers.js does", () => {
    const named = [
      { name: "tool_use", template: "tools" },
      { name: "default", template: "Q: {{ messages[0].content }}" },
    ];
    const config = { ...tokenizerConfig, chat_template: named };
    const reference = new PreTrainedTokenizer(tokenizerJson, config);
    expect(createChatTemplate(config, FASTVLM_PROMPT)([question])).toBe(
      reference.apply_chat_template([question], { tokenize: false }),
    );
  });

  it.each([
    ["an open block", "{% if messages %}", "not a Jinja template"],
    ["an unknown filter", "{{ messages | shuffle }}", "fails: Unknown"],
    ["an error of its own", "{{ raise_exception('No images here') }}", "fails: No images here"],
    ["a call of what is no function", "{{ messages[0].content() }}", "fails: "],
    ["no place for the question", "<|im_start|>assistant\n", "leaves out the text of a question"],
    [
      "only contents that are lists",
      "{% for part in messages[0].content %}{{ part.text }}{% endfor %}",
      "fails: Expected iterable",
    ],
    ["nothing at all", "", "leaves out the text of a question"],
  ])("refuses a template with %s, in a sentence", (_, text, sentence) => {
    const expected = {
      code: "model-invalid",
      message: expect.stringContaining(sentence) as unknown,
    };
    const inFile = {
      ...expected,
      details: expect.objectContaining({ file: "chat_template.jinja" }) as unknown,
    };
    expect(() => createChatTemplate(tokenizerConfig, FASTVLM_PROMPT, text)).toThrow(
      expect.objectContaining(inFile),
    );
    const config = { ...tokenizerConfig, chat_template: text };
    const inConfig = {
      ...expected,
      details: expect.objectContaining({ file: "tokenizer_config.json" }) as unknown,
    };
    expect(() => createChatTemplate(config, FASTVLM_PROMPT)).toThrow(
      expect.objectContaining(inConfig),
    );
  });

  it("refuses at the call what only that conversation breaks", () => {
    const text =
      "{% if messages[0].role == 'system' %}{{ raise_exception('No system turns') }}{% endif %}" +
      "{{ messages[0].content }}";
    const render = createChatTemplate(tokenizerConfig, FASTVLM_PROMPT, text);
    expect(render([question])).toBe(question.content);
    expect(() => render([{ role: "system", content: "Be brief." }, question])).toThrow(
      expect.objectContaining({
        code: "model-invalid",
        message: expect.stringContaining("No system turns") as unknown,
      }),
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
      expect(() =>
        createChatTemplate({ ...tokenizerConfig, chat_template: value }, FASTVLM_PROMPT),
      ).toThrow(
        expect.objectContaining({
          code: "model-invalid",
          message: expect.stringContaining("no chat template") as unknown,
        }),
      );
    },
  );
});
