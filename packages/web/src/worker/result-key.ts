/** What makes two questions the same. */

import type { ImageTensor } from "../model/runtime.ts";
import type { ModelInfo } from "../protocol/result.ts";
import type { GenerateCall } from "../wire/api.ts";

/** Bumped when the same question would be answered differently by a newer kit. */
const SCHEMA = 1;

/**
 * SHA-256 over pixels (with their size), prompt, model and options.
 *
 * @returns undefined when the answer must not be reused: sampling without a seed, or no WebCrypto
 */
export async function resultKey(
  call: GenerateCall,
  model: ModelInfo,
  images: readonly ImageTensor[],
): Promise<string | undefined> {
  const { generation } = call;
  if (!("subtle" in crypto)) return undefined;
  if (generation.temperature > 0 && generation.seed === undefined) return undefined;
  const pixels = await Promise.all(
    images.map(
      async ({ data, size }) =>
        `${String(size)}:${await sha256(data as Float32Array<ArrayBuffer>)}`,
    ),
  );
  const { prompt, system, endOnSentence, stripLeadIn } = call;
  const question = JSON.stringify([
    SCHEMA,
    model,
    pixels,
    prompt,
    system,
    generation,
    endOnSentence,
    stripLeadIn,
  ]);
  return sha256(new TextEncoder().encode(question));
}

async function sha256(data: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
