/** Compares results with those of fp32 on WASM, stretch by stretch. */

import type { StretchResult } from "./measure.ts";
import { listLabels, readResults } from "./results.ts";

/** What all others are compared with. */
export const BASE = "wasm fp32";

export function printComparison(folder: string): void {
  const base = new Map(readResults(folder, BASE).results.map((result) => [result.name, result]));
  for (const kind of ["question", "text"]) {
    const rows = listLabels(folder).flatMap((label) => {
      const pairs = readResults(folder, label).results.flatMap((own): Pair[] => {
        const isQuestion = own.name.startsWith("question");
        const fp32 = base.get(own.name);
        return fp32 && isQuestion === (kind === "question") ? [{ own, fp32 }] : [];
      });
      return pairs.length > 0 ? [[label, compare(pairs)] as const] : [];
    });
    console.log(kind === "question" ? "Answers of fp32 to questions" : "Texts");
    console.table(Object.fromEntries(rows));
  }
  const speeds = listLabels(folder).flatMap((label) => {
    const { speed } = readResults(folder, label);
    return speed ? [[label, speed] as const] : [];
  });
  console.log("Milliseconds");
  console.table(Object.fromEntries(speeds));
}

interface Pair {
  readonly own: StretchResult;
  readonly fp32: StretchResult;
}

function compare(pairs: readonly Pair[]): Record<string, string | number> {
  const losses = pairs.flatMap(({ own }) => own.losses);
  const differences = pairs.map(({ own, fp32 }) => mean(own.losses) - mean(fp32.losses));
  const isSame = pairs.flatMap(({ own, fp32 }) =>
    own.likeliest.map((id, at) => id === fp32.likeliest[at]),
  );
  const shared = pairs.map(({ own, fp32 }) => sharedBeginning(own.likeliest, fp32.likeliest));
  const first = pairs.filter(({ own, fp32 }) => own.likeliest[0] === fp32.likeliest[0]);
  return {
    stretches: pairs.length,
    tokens: losses.length,
    perplexity: Math.exp(mean(losses)).toFixed(3),
    "loss more": mean(differences).toFixed(3),
    "± error": (deviation(differences) / Math.sqrt(pairs.length)).toFixed(3),
    "same likeliest %": (100 * mean(isSame.map(Number))).toFixed(1),
    "first same": first.length,
    "all same": pairs.filter(({ own }, at) => shared[at] === own.ids.length).length,
    "same before they part": mean(shared).toFixed(1),
  };
}

function sharedBeginning(ids: readonly number[], others: readonly number[]): number {
  const at = others.findIndex((id, index) => id !== ids[index]);
  return at === -1 ? others.length : at;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  const squares = values.map((value) => (value - middle) ** 2);
  return Math.sqrt(squares.reduce((sum, value) => sum + value, 0) / (values.length - 1));
}
