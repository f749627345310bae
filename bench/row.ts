/** One line of the table: the same quantity of both engines. */

export type EngineName = "kit" | "transformers";

export const ENGINE_NAMES: readonly EngineName[] = ["kit", "transformers"];

/** Groups of rows that `--rows` names. */
export const GROUPS = [
  "load",
  "first-token",
  "text",
  "again",
  "same-answer",
  "scripts",
  "gpu",
] as const;

export type Group = (typeof GROUPS)[number];

export type Unit = "ms" | "tokens/s" | "requests/s" | "MB" | "kB" | "count";

export interface Row {
  /** Stable: results of two runs are compared by it. */
  readonly id: string;
  readonly title: string;
  /** The heading that it stands under. */
  readonly group: string;
  readonly unit: Unit;
  readonly better: "lower" | "higher";
  /** Every measurement kept, in order. Empty where the engine has no such thing. */
  readonly kit: readonly number[];
  readonly transformers: readonly number[];
  /** What has to be known to read the numbers. */
  readonly note?: string;
}

/** Numbers of both engines, as they come in. */
export type Samples = Record<EngineName, number[]>;

export const noSamples = (): Samples => ({ kit: [], transformers: [] });
