/** Which kind of series a metric becomes, and the bounds of its buckets. */

/** How the values of a metric are put together. */
export type Instrument =
  | { readonly kind: "counter" }
  | { readonly kind: "gauge" }
  | { readonly kind: "histogram"; readonly bounds: readonly number[] };

/** Six buckets for each power of ten, so that a percentile is off by less than half. They include 0.5 s. */
const STEPS = [1, 1.5, 2, 3, 5, 7.5] as const;

const boundsOf = (exponents: readonly number[]): readonly number[] =>
  exponents.flatMap((exponent) =>
    // Divided, because 0.001 * 3 is not 0.003.
    STEPS.map((step) => (exponent < 0 ? step / 10 ** -exponent : step * 10 ** exponent)),
  );

/** 1 ms to 75 s. */
const SECONDS = boundsOf([-3, -2, -1, 0, 1]);
/** Tokens a second, 0.1 to 750. */
const RATES = boundsOf([-1, 0, 1, 2]);
/** Powers of two up to 65,536. */
const TOKENS = Array.from({ length: 17 }, (_, exponent) => 2 ** exponent);
/** From 0 to 1; close to 1 they are closer to each other, because likenesses are. */
const SHARES = [
  ...Array.from({ length: 19 }, (_, index) => (index + 1) / 20),
  ...[0.97, 0.98, 0.99, 0.995, 0.999],
];

/** States, and not things that happen. */
const GAUGES = new Set([
  "vlm.storage.persisted",
  "vlm.storage.usage",
  "vlm.storage.quota",
  "vlm.kv_cache.bytes",
  "vlm.page.memory",
  "vlm.queue.depth",
  "vlm.pool.workers",
]);

const SHARE_NAME = /(confidence\.\w+|probability|likeness)$/;

/** Also for metrics that a later version of the SDK reports, and that this one does not know. */
export function instrumentOf(name: string, unit: string): Instrument {
  if (GAUGES.has(name)) return { kind: "gauge" };
  if (unit === "s") return { kind: "histogram", bounds: SECONDS };
  if (unit === "{token}") return { kind: "histogram", bounds: TOKENS };
  if (unit === "{token}/s") return { kind: "histogram", bounds: RATES };
  if (SHARE_NAME.test(name)) return { kind: "histogram", bounds: SHARES };
  return { kind: "counter" };
}
