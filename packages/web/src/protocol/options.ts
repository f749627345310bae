/** Options of a generation, their defaults and their checks. */

/** How text is generated. Greedy unless `temperature` is above 0. */
export interface GenerationOptions {
  /** Upper bound of the answer, in tokens. Default 128. */
  readonly maxNewTokens?: number;
  /** 0 (default) picks the likeliest token; higher is more varied. */
  readonly temperature?: number;
  /** Nucleus: samples from the smallest set of tokens with this probability mass. Default 1 (off). */
  readonly topP?: number;
  /** Samples from this many likeliest tokens. Default 0 (off). */
  readonly topK?: number;
  /** Above 1 makes tokens that already occurred less likely (Keskar et al. 2019, arXiv 1909.05858). Default 1 (off). */
  readonly repetitionPenalty?: number;
  /** Makes sampling repeatable. Without it every call differs. */
  readonly seed?: number;
  /** Generation ends before any of these strings would appear. */
  readonly stop?: readonly string[];
}

/** Generation options with every default filled in. */
export interface ResolvedGenerationOptions {
  readonly maxNewTokens: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly repetitionPenalty: number;
  readonly seed: number | undefined;
  readonly stop: readonly string[];
  readonly maxWords: number | undefined;
}

/** One turn of a conversation. */
export interface ChatTurn {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/**
 * How many pixels of an image the encoder sees: the side of the square, a multiple of 64, or a word
 * for it. `low`, `medium` and `high` are a quarter, half and all of the model's own size; `auto` is the
 * largest that this device encodes within `targetLatencyMs`, and never more than the image has.
 */
export type ImageDetail = "low" | "medium" | "high" | "auto" | number;

/** How an image becomes the encoder's square: `pad` keeps all of it, `crop` cuts the longer side. */
export type ImageFit = "pad" | "crop";

/** The default of `timeoutMs`: 30 s for images and inference. */
export const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Fills in the defaults.
 *
 * @throws {TypeError} when an option is out of its range.
 */
export function resolveGenerationOptions(
  options: GenerationOptions & { readonly maxWords?: number },
): ResolvedGenerationOptions {
  const resolved = {
    maxNewTokens: options.maxNewTokens ?? 128,
    temperature: options.temperature ?? 0,
    topP: options.topP ?? 1,
    topK: options.topK ?? 0,
    repetitionPenalty: options.repetitionPenalty ?? 1,
    seed: options.seed,
    stop: options.stop ?? [],
    maxWords: options.maxWords,
  };
  expectNumber("maxNewTokens", resolved.maxNewTokens, 1, 8192, { isInteger: true });
  expectNumber("temperature", resolved.temperature, 0, 10);
  expectNumber("topP", resolved.topP, Number.MIN_VALUE, 1);
  expectNumber("topK", resolved.topK, 0, Number.MAX_SAFE_INTEGER, { isInteger: true });
  expectNumber("repetitionPenalty", resolved.repetitionPenalty, Number.MIN_VALUE, 100);
  if (resolved.seed !== undefined) {
    expectNumber("seed", resolved.seed, 0, Number.MAX_SAFE_INTEGER, { isInteger: true });
  }
  if (resolved.maxWords !== undefined) {
    expectNumber("maxWords", resolved.maxWords, 1, 4096, { isInteger: true });
  }
  if (
    !Array.isArray(resolved.stop) ||
    resolved.stop.some((text) => typeof text !== "string" || text === "")
  ) {
    throw new TypeError("Expected `stop` to be an array of non-empty strings");
  }
  return resolved;
}

/** @throws {TypeError} unless `detail` is a word for it, or a side that the encoder can take. */
export function expectDetail(detail: unknown): void {
  if (typeof detail === "string" && ["low", "medium", "high", "auto"].includes(detail)) return;
  const isSide = typeof detail === "number" && detail >= 64 && detail <= 2048 && detail % 64 === 0;
  if (isSide) return;
  throw new TypeError(
    "Expected `detail` to be `low`, `medium`, `high`, `auto` or a multiple of 64 from 64 to 2048, got " +
      `\`${String(detail)}\``,
  );
}

/** @throws {TypeError} unless the turns alternate and the last one is the model's. */
export function expectHistory(history: unknown): void {
  const isRight =
    Array.isArray(history) &&
    history.length % 2 === 0 &&
    (history as Partial<ChatTurn>[]).every(
      ({ role, content }, index) =>
        role === (index % 2 === 0 ? "user" : "assistant") && typeof content === "string",
    );
  if (isRight) return;
  throw new TypeError(
    "Expected `history` to be turns of `user` and `assistant`, in this order, each with its `content`",
  );
}

/** @throws {TypeError} unless `value` is a number within the bounds. */
export function expectNumber(
  name: string,
  value: unknown,
  min: number,
  max: number,
  { isInteger = false } = {},
): void {
  const fits =
    typeof value === "number" &&
    value >= min &&
    value <= max &&
    (!isInteger || Number.isInteger(value));
  if (fits) return;
  const kind = isInteger ? "an integer" : "a number";
  const shownMin = min === Number.MIN_VALUE ? "above 0" : `from ${String(min)}`;
  const shownMax = max === Number.MAX_SAFE_INTEGER ? "" : ` to ${String(max)}`;
  throw new TypeError(
    `Expected \`${name}\` to be ${kind} ${shownMin}${shownMax}, got \`${String(value)}\` (${typeof value})`,
  );
}
