/** Reads a model's JSON files, which a stranger may have written. */

import { VlmError } from "../protocol/errors.ts";

/** The largest tokenizers, of 256,000 entries in many languages, have about 33 MB. */
const MAX_BYTES = 64 * 2 ** 20;

/** Configurations have about 5 levels, tokenizers 7. */
const MAX_DEPTH = 64;

/**
 * @param path names the file in errors
 * @throws {VlmError} `model-invalid` for what is not JSON, and for what is larger or deeper than any model's files
 */
export function parseModelJson(bytes: Uint8Array, path: string): unknown {
  if (bytes.byteLength > MAX_BYTES) throw invalid(path, `larger than ${String(MAX_BYTES)} bytes`);
  if (isTooDeep(bytes)) throw invalid(path, `nested deeper than ${String(MAX_DEPTH)} levels`);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw invalid(path, "not JSON", { cause });
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** In UTF-8 these bytes are parts of no other characters. */
function isTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let isInText = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    if (byte === QUOTE) isInText = !isInText;
    else if (isInText && byte === BACKSLASH) index++;
    else if (!isInText && OPENING.has(byte) && ++depth > MAX_DEPTH) return true;
    else if (!isInText && CLOSING.has(byte)) depth--;
  }
  return false;
}

function invalid(path: string, reason: string, options?: ErrorOptions): VlmError {
  return new VlmError(
    "model-invalid",
    `The model's ${path} cannot be used: it is ${reason}. Fetch the model's files again.`,
    { file: path, reason },
    options,
  );
}
