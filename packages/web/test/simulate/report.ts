/** What a replay says about a rule, and the table of several. */

import type { Change, Outcome } from "./simulate.ts";

export interface Row {
  readonly rule: string;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly workerSeconds: number;
  readonly changes: number;
  /** Changes that took back the change before within {@link FLAPPING_MS}. */
  readonly flaps: number;
}

/** A worker that was started and ended again, or the other way round, within this time was changed in vain. */
const FLAPPING_MS = 60_000;

export function toRow(rule: string, { waits, workerSeconds, changes }: Outcome): Row {
  const sorted = [...waits].sort((a, b) => a - b);
  const at = (share: number): number => rankOf(sorted, share);
  const flaps = countFlaps(changes);
  return {
    rule,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    workerSeconds,
    changes: changes.length,
    flaps,
  };
}

/** The nearest rank: the least time that so many of all times do not exceed. */
function rankOf(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

export function countFlaps(changes: readonly Change[]): number {
  return changes.filter((change, index) => {
    const before = changes[index - 1];
    if (!before || change.at - before.at > FLAPPING_MS) return false;
    return Math.sign(change.to - change.from) !== Math.sign(before.to - before.from);
  }).length;
}

/** The mean of the rows of one rule. */
export function meanOf(rows: readonly Row[]): Row {
  const mean = (key: Exclude<keyof Row, "rule">): number =>
    rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
  return {
    rule: rows[0]!.rule,
    p50: mean("p50"),
    p95: mean("p95"),
    p99: mean("p99"),
    workerSeconds: mean("workerSeconds"),
    changes: mean("changes"),
    flaps: mean("flaps"),
  };
}

/** A table in Markdown. */
export function toTable(rowsByTrace: ReadonlyMap<string, readonly Row[]>): string {
  const lines = [
    "| calls | rule | wait of 50 of 100 | 95 of 100 | 99 of 100 | worker seconds | changes | taken back |",
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
  ];
  for (const [trace, rows] of rowsByTrace) {
    rows.forEach((row, index) => {
      const waits = [row.p50, row.p95, row.p99].map(toSeconds);
      const counts = [row.workerSeconds.toFixed(0), row.changes.toFixed(1), row.flaps.toFixed(1)];
      lines.push(`| ${[index === 0 ? trace : "", row.rule, ...waits, ...counts].join(" | ")} |`);
    });
  }
  return lines.join("\n");
}

function toSeconds(milliseconds: number): string {
  return milliseconds < 50
    ? "0 s"
    : `${(milliseconds / 1000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
}

/**
 * A table in Markdown.
 *
 * @param timesByRule in milliseconds, the shortest first, for each seed
 */
export function toRemoteTable(
  timesByRule: ReadonlyMap<string, readonly (readonly number[])[]>,
): string {
  const lines = ["| choice | 50 of 100 | 95 of 100 | 99 of 100 |", "| --- | ---: | ---: | ---: |"];
  for (const [rule, all] of timesByRule) {
    const means = [0.5, 0.95, 0.99].map((share) => {
      const ranks = all.map((times) => rankOf(times, share));
      return `${(ranks.reduce((sum, one) => sum + one, 0) / ranks.length).toFixed(0)} ms`;
    });
    lines.push(`| ${[rule, ...means].join(" | ")} |`);
  }
  return lines.join("\n");
}
