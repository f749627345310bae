/**
 * SHA-256 as lower-case hex. WebCrypto where there is one, several times faster than any hash in
 * WASM and off this thread; but it takes only whole inputs, and exists on https and localhost only.
 */

import { createSHA256 } from "hash-wasm";

/** The hash of `bytes`. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!("subtle" in crypto)) return (await createSHA256()).update(bytes).digest("hex");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The hash of what `parts` yields, one after the other, with one part in memory at a time. */
export async function sha256OfParts(parts: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = await createSHA256();
  for await (const part of parts) hash.update(part);
  return hash.digest("hex");
}
