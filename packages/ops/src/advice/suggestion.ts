/** What could be set otherwise, and why. */

import type { CaptionOptions, VlmOptions } from "@fastvlm-kit/web";

/** Options of `createVlm` that a suggestion may be about. */
export type SuggestedOptions = Partial<
  Pick<VlmOptions, "device" | "wasmThreads" | "cache" | "maxQueue" | "pool" | "unloadAfterMs">
>;

/** Options of calls that a suggestion may be about. */
export type SuggestedCallOptions = Partial<Pick<CaptionOptions, "detail" | "targetLatencyMs">>;

export interface Suggestion {
  /** What it is about. */
  readonly setting: "device" | "threads" | "detail" | "cache" | "workers" | "memory";
  /** What was measured, and what the change does about it. For developers, in English. */
  readonly reason: string;
  /** For `createVlm`. */
  readonly options?: SuggestedOptions;
  /** For `caption`, `generate` and `open`. */
  readonly callOptions?: SuggestedCallOptions;
}

/** What the page knows of itself, which no metric says. */
export interface PageFacts {
  /** Whether WebAssembly may have threads: `crossOriginIsolated`. */
  readonly isIsolated: boolean;
  /** `navigator.hardwareConcurrency`. */
  readonly cores: number;
}

/** Options with every suggestion in them, for the next `createVlm` and its calls. What you set yourself is replaced. */
export function applySuggestions<Options extends SuggestedOptions>(
  options: Options,
  suggestions: readonly Suggestion[],
): { readonly options: Options & SuggestedOptions; readonly callOptions: SuggestedCallOptions } {
  const all = suggestions.map((suggestion) => suggestion.options ?? {});
  const cache = Object.assign({}, options.cache, ...all.map((one) => one.cache)) as object;
  return {
    options: {
      ...options,
      ...(Object.assign({}, ...all) as SuggestedOptions),
      ...(Object.keys(cache).length > 0 && { cache }),
    },
    callOptions: Object.assign(
      {},
      ...suggestions.map(({ callOptions }) => callOptions),
    ) as SuggestedCallOptions,
  };
}
