/** The options of a generation with every default filled in. */

import type { GenerationOptions, ResolvedGenerationOptions } from "../protocol/options.ts";

/** @param options checked already; others may stand beside them */
export function resolveGenerationOptions(
  options: GenerationOptions & { readonly maxWords?: number },
): ResolvedGenerationOptions {
  return {
    maxNewTokens: options.maxNewTokens ?? 128,
    temperature: options.temperature ?? 0,
    topP: options.topP ?? 1,
    topK: options.topK ?? 0,
    repetitionPenalty: options.repetitionPenalty ?? 1,
    seed: options.seed,
    stop: options.stop ?? [],
    maxWords: options.maxWords,
  };
}
