/** The bytes of tokens, for vocabularies of byte-level BPE, as those of Qwen2 and SmolLM2 are. */

import { VlmError } from "../protocol/errors.ts";
import { isObject } from "../schema/is-object.ts";

/**
 * @param tokenizerJson content of `tokenizer.json`
 * @returns the bytes of a token; undefined for control tokens and ids that the vocabulary lacks
 */
export function createTokenBytes(
  tokenizerJson: Readonly<Record<string, unknown>>,
  controlIds: ReadonlySet<number>,
): (id: number) => Uint8Array | undefined {
  // Most calls need no bytes, and the table has 150,000 entries.
  let table: (Uint8Array | undefined)[] | undefined;
  return (id) => (controlIds.has(id) ? undefined : (table ??= readTable(tokenizerJson))[id]);
}

function readTable(json: Readonly<Record<string, unknown>>): (Uint8Array | undefined)[] {
  const model = json["model"];
  const vocabulary = isObject(model) ? model["vocab"] : undefined;
  if (!isObject(vocabulary) || !JSON.stringify(json["decoder"] ?? null).includes("ByteLevel")) {
    throw new VlmError(
      "model-invalid",
      "The kit can hold answers to a `format` only for tokenizers with byte-level tokens, and this model's tokenizer.json has others. Ask without `format`.",
      { file: "tokenizer.json", reason: "no byte-level tokens" },
    );
  }
  const table: (Uint8Array | undefined)[] = [];
  for (const [token, id] of Object.entries(vocabulary)) {
    const bytes = Array.from(token, (character) => BYTES.get(character));
    if (typeof id === "number" && !bytes.includes(undefined))
      table[id] = Uint8Array.from(bytes as number[]);
  }
  return table;
}

/**
 * The characters that stand for bytes in such vocabularies (`bytes_to_unicode` of GPT-2's encoder.py): printable characters
 * of Latin-1 for themselves, and those from U+0100 on for the other bytes, in their order.
 */
const BYTES: ReadonlyMap<string, number> = new Map(
  (() => {
    const isPrintable = (byte: number): boolean =>
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    let other = 0x100;
    return Array.from({ length: 256 }, (_, byte): [string, number] => [
      String.fromCodePoint(isPrintable(byte) ? byte : other++),
      byte,
    ]);
  })(),
);
