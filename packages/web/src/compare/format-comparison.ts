/** A comparison as text for a terminal, or for a report to the kit. */

import type { Comparison, SetComparison } from "./compare-sets.ts";

/** Returns a table of the sets in Markdown, and then the answers of all sets to each image. */
export function formatComparison({ images, sets }: Comparison): string {
  const count = images.length;
  const rows = sets.map((one) => [
    one.set.name,
    `${one.features.least.toFixed(4)} / ${one.features.mean.toFixed(4)}`,
    `${one.sameFirst} of ${count}`,
    `${one.sameAnswer} of ${count}`,
    `${(one.sameTokens * 100).toFixed(0)} %`,
    `${one.loops}`,
    one.failsCheck ?? "passes",
  ]);
  const table = toTable([
    [
      "set",
      "features: least / mean",
      "first token",
      "answer",
      "tokens in common",
      "loops",
      "check",
    ],
    ...rows,
  ]);
  const answers = images.map((name, at) => [name, ...sets.map((one) => answerOf(one, at))]);
  const files = sets.map(({ set }) => `${set.name}: ${Object.values(set.graphs).join(", ")}`);
  return `${[table, files.join("\n"), ...answers.map((lines) => lines.join("\n  "))].join("\n\n")}\n`;
}

function answerOf({ set, texts }: SetComparison, at: number): string {
  return `${set.name.padEnd(6)} ${texts[at]!.replaceAll(/\s+/g, " ")}`;
}

function toTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`,
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}
