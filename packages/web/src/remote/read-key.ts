/** Asks the app for the key of the next request. */

import { nodeFailed } from "./node-failed.ts";

/**
 * @returns undefined if the node needs none
 * @throws {VlmError} `node-failed`, reason `key`
 */
export async function readKey({
  name,
  apiKey,
}: {
  readonly name: string;
  readonly apiKey: (() => Promise<string> | string) | undefined;
}): Promise<string | undefined> {
  if (!apiKey) return undefined;
  let key: unknown;
  try {
    key = await apiKey();
  } catch (cause) {
    throw nodeFailed(name, "key", { cause });
  }
  if (typeof key === "string" && IS_SENDABLE.test(key)) return key;
  throw nodeFailed(name, "key", {
    advice: "It has to return a text of visible ASCII characters without spaces.",
  });
}

/** What a header may hold. The platform's own error for another text shows the text. */
const IS_SENDABLE = /^[\x21-\x7e]+$/;
