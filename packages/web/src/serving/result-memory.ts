/** Remembers answers in the page, so that the same question about the same image needs no worker. */

import type { VlmResult } from "../protocol/result.ts";
import { noTimeYet } from "../protocol/stages.ts";
import { LruMap } from "../shared/lru-map.ts";
import type { GenerateCall } from "../wire/worker-api.ts";

export interface ResultMemory {
  /**
   * @param variant what tells the model's answers from those of others
   * @returns undefined if the question was not asked before, or must not be answered from memory
   */
  recall(call: GenerateCall, variant: string): VlmResult | undefined;
  /** @param variant as for {@link recall}; default: that of the result */
  remember(call: GenerateCall, result: VlmResult, variant?: string): void;
  clear(): void;
}

/** Each result has a few hundred bytes. */
const MAX_RESULTS = 1000;

/** Two images are the same if the page has the same name for them: the same Blob, or the same open image. */
export function createResultMemory(now: () => number): ResultMemory {
  const results = new LruMap<string, VlmResult>({ max: MAX_RESULTS });

  return {
    recall(call, variant) {
      const startedAt = now();
      const key = memoryKeyOf(call, variant);
      const known = key === undefined ? undefined : results.get(key);
      if (!known) return undefined;
      const timings = { ...noTimeYet(), timeToFirstTokenMs: 0, totalMs: now() - startedAt };
      return { ...known, cached: true, timings, tokensPerSecond: 0 };
    },
    remember(call, result, variant = result.model.variant) {
      const key = memoryKeyOf(call, variant);
      if (key !== undefined) results.set(key, result);
    },
    clear() {
      results.clear();
    },
  };
}

function memoryKeyOf(call: GenerateCall, variant: string): string | undefined {
  const { temperature, seed } = call.generation;
  if (!call.useCache) return undefined;
  if (temperature > 0 && seed === undefined) return undefined;
  const images = call.images.flatMap((image) => image.id ?? []);
  if (images.length < call.images.length) return undefined;
  // The rest of the call has everything else that can change the answer.
  return JSON.stringify([variant, { ...call, id: undefined, images }]);
}
