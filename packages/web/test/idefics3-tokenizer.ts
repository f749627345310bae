/**
 * A tokenizer of SmolVLM's kind: byte pairs with single digits, markers by row and column, and messages in parts. It has a
 * few merges only. `SMOLVLM_FOLDER` names a folder with the real `tokenizer.json` and `tokenizer_config.json` instead.
 */

import { readFileSync } from "node:fs";

const FOLDER = process.env["SMOLVLM_FOLDER"];

const MERGES = [
  "Ġ t",
  "h e",
  "Ġt he",
  "i n",
  "a t",
  "e r",
  "o n",
  "Ċ Ċ",
  "Ġ a",
  "i s",
  "U s",
  "Us er",
];

/** The 256 bytes as characters, as byte-level tokenizers write them. */
function byteCharacters(): string[] {
  const isPlain = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) =>
    String.fromCodePoint(isPlain(byte) ? byte : next++),
  );
}

function makeFiles() {
  const special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
  const plain = [...byteCharacters(), ...MERGES.map((pair) => pair.replace(" ", ""))];
  const vocab = Object.fromEntries([...special, ...plain].map((token, id) => [token, id]));
  const markers = Array.from({ length: 36 }, (_, at) => {
    return `<row_${String(Math.floor(at / 6) + 1)}_col_${String((at % 6) + 1)}>`;
  });
  const own = [
    "<global-img>",
    ...markers,
    "<fake_token_around_image>",
    "<image>",
    "<end_of_utterance>",
  ];
  const added = [...special, ...own].map((content, at) => ({
    id: at < special.length ? at : Object.keys(vocab).length + at - special.length,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const json = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Digits", individual_digits: true },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: null,
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: "BPE", vocab, merges: MERGES.map((pair) => pair.split(" ")) },
  };
  const template =
    "<|im_start|>{% for message in messages %}{{ message['role'] | capitalize }}" +
    "{% if message['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}" +
    "{% for part in message['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}" +
    "{% elif part['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}" +
    "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}";
  const config = { tokenizer_class: "GPT2Tokenizer", chat_template: template };
  return { json, config };
}

function readFiles(folder: string): ReturnType<typeof makeFiles> {
  const read = (name: string): unknown => JSON.parse(readFileSync(`${folder}/${name}`, "utf8"));
  return { json: read("tokenizer.json"), config: read("tokenizer_config.json") } as ReturnType<
    typeof makeFiles
  >;
}

export const idefics3Tokenizer = FOLDER === undefined ? makeFiles() : readFiles(FOLDER);
