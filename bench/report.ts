/** What a run found, as a table to read and as data to compare. */

import type { Row, Unit } from "./row.ts";
import { advantage, best, median, range } from "./statistics.ts";

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
  /** What ran: files, device, threads. */
  readonly conditions: Readonly<Record<string, string>>;
  /** What this run did not measure, and why. */
  readonly leftOut: readonly string[];
  readonly rows: readonly Row[];
}

/** The whole report in Markdown. */
export function toMarkdown(report: Report): string {
  const { date, machine, versions, conditions, leftOut } = report;
  return [
    "# Results",
    "",
    `Measured ${date} on ${machine}. Medians, with the smallest and the largest in brackets; "×" says how`,
    'many times as good the kit is by the medians (below 1: worse), "× best" by the best of each: the least disturbed.',
    "How each row is measured: [README.md](README.md).",
    "",
    ...Object.entries({ ...versions, ...conditions }).map(([name, value]) => `- ${name}: ${value}`),
    "",
    toTables(report.rows),
    ...(leftOut.length > 0
      ? ["", "Left out of this run:", "", ...leftOut.map((line) => `- ${line}`)]
      : []),
    "",
  ].join("\n");
}

/** One table for each group, in the order of the rows. */
export function toTables(rows: readonly Row[]): string {
  const groups = [...new Set(rows.map(({ group }) => group))];
  return groups
    .map((group) => {
      const inGroup = rows.filter((row) => row.group === group);
      const lines = inGroup.map(toLine);
      const notes = [
        ...new Set(inGroup.flatMap(({ note, title }) => (note ? [`${title}: ${note}`] : []))),
      ];
      return [
        `## ${group}`,
        "",
        ...alignColumns([["", "kit", "transformers.js", "×", "× best"], ...lines]),
        ...(notes.length > 0 ? ["", ...notes.map((note) => `- ${note.replace(/^– /, "")}`)] : []),
      ].join("\n");
    })
    .join("\n\n");
}

function toLine(row: Row): string[] {
  const unit = row.unit === "count" ? "" : ` ${row.unit}`;
  const ratioOf = (of: (samples: readonly number[]) => number): string => {
    const ratio = advantage(of(row.kit), of(row.transformers), row.better);
    return Number.isFinite(ratio) ? formatNumber(ratio) : "";
  };
  return [
    row.title,
    ...[row.kit, row.transformers].map((samples) => summarise(samples, row.unit, unit)),
    ratioOf(median),
    row.kit.length > 1 ? ratioOf((samples) => best(samples, row.better)) : "",
  ];
}

function summarise(samples: readonly number[], kind: Unit, unit: string): string {
  if (samples.length === 0) return "–";
  const [low, high] = range(samples);
  const middle = `${formatNumber(median(samples))}${unit}`;
  return samples.length === 1 || low === high || kind === "kB"
    ? middle
    : `${middle} (${formatNumber(low)}–${formatNumber(high)})`;
}

/** Three digits that count, and no exponent. */
function formatNumber(value: number): string {
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return Math.round(value).toLocaleString("en");
  return Number(value.toPrecision(magnitude >= 10 ? 3 : 2)).toString();
}

/** As prettier writes a table, so that a committed report is formatted. */
function alignColumns([header, ...lines]: readonly (readonly string[])[]): string[] {
  const widths = header!.map((_, column) =>
    Math.max(3, ...[header!, ...lines].map((line) => line[column]!.length)),
  );
  const toText = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [toText(header!), rule, ...lines.map(toText)];
}
