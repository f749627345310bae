/** Remembers answers in the page, so that the same question about the same image needs no worker. */

import type { VlmResult } from "../protocol/result.ts";
import type { GenerateCall } from "../wire/worker-api.ts";

export interface ResultMemory {
  /** @returns undefined if the question was not asked before, or must not be answered from memory */
  recall(call: GenerateCall, variant: string): VlmResult | undefined;
  remember(call: GenerateCall, result: VlmResult): void;
  clear(): void;
}

/** Each result has a few hundred bytes. */
const MAX_RESULTS = 1000;

/** Two images are the same if the page has the same name for them: the same Blob, or the same open image. */
export function createResultMemory(now: () => number): ResultMemory {
  const results = new Map<string, VlmResult>(); // the longest unused first

  const storeResult = (key: string, result: VlmResult): void => {
    results.delete(key);
    results.set(key, result);
    for (const oldest of results.keys()) {
      if (results.size <= MAX_RESULTS) break;
      results.delete(oldest);
    }
  };

  return {
    recall(call, variant) {
      const startedAt = now();
      const key = memoryKeyOf(call, variant);
      const known = key === undefined ? undefined : results.get(key);
      if (key === undefined || !known) return undefined;
      storeResult(key, known);
      const timings = { ...NO_TIME, totalMs: now() - startedAt };
      return { ...known, cached: true, timings, tokensPerSecond: 0 };
    },
    remember(call, result) {
      const key = memoryKeyOf(call, result.model.variant);
      if (key !== undefined) storeResult(key, result);
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

const NO_TIME = {
  queueMs: 0,
  imageDecodeMs: 0,
  preprocessMs: 0,
  visionMs: 0,
  prefillMs: 0,
  decodeMs: 0,
  timeToFirstTokenMs: 0,
} as const;
