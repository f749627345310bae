/** Computes the key of a question. Two questions with the same key have the same answer. */

import { sha256 } from "../storage/sha256.ts";
import type { ModelInfo } from "../protocol/result.ts";
import type { GenerateCall } from "../wire/worker-api.ts";

/** Raise this when a newer kit answers the same question differently. */
const SCHEMA = 3;

/**
 * SHA-256 over images, prompt, model and options.
 *
 * @param images the keys of the call's images
 * @returns undefined when the answer must not be reused: sampling without a seed, or no WebCrypto
 */
export async function resultKey(
  call: GenerateCall,
  model: ModelInfo,
  images: readonly string[],
): Promise<string | undefined> {
  const { generation } = call;
  if (!("subtle" in crypto)) return undefined;
  if (generation.temperature > 0 && generation.seed === undefined) return undefined;
  const { prompt, system, history, choices, endOnSentence, stripLeadIn } = call;
  const question = JSON.stringify([
    SCHEMA,
    model,
    images,
    prompt,
    system,
    history,
    generation,
    choices,
    endOnSentence,
    stripLeadIn,
  ]);
  return sha256(new TextEncoder().encode(question));
}
