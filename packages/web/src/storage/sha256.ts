/**
 * Computes SHA-256 as lower-case hex. WebCrypto is used where it exists, because it is several times faster than a hash in
 * WASM. But it takes only whole inputs, and exists only on https and localhost.
 */

import { createSHA256 } from "hash-wasm";

/** The hash of `bytes`. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (!("subtle" in crypto)) return (await createSHA256()).update(bytes).digest("hex");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The hash of all `parts`, one after the other. Only one part is in memory at a time. */
export async function sha256OfParts(parts: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = await createSHA256();
  for await (const part of parts) hash.update(part);
  return hash.digest("hex");
}
