/** Findings as a table for people and as JSON for programs, and the exit code that follows from them. */

import { styleText } from "node:util";
import type { Finding, Level } from "./finding.ts";

const SIGNS: Readonly<Record<Level, readonly [string, Parameters<typeof styleText>[0]]>> = {
  ok: ["ok", "green"],
  note: ["note", "cyan"],
  warning: ["warning", "yellow"],
  error: ["ERROR", "red"],
};

const MOST_URLS = 5;

/** @param hasColours whether the reader is a terminal */
export function toTable(
  url: string,
  findings: readonly Finding[],
  { hasColours }: { readonly hasColours: boolean },
): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const indent = " ".repeat(9 + width + 2);
  const rows = findings.flatMap(({ check, level, message, advice, urls = [] }) => {
    const [sign, colour] = SIGNS[level];
    const padded = sign.padEnd(9);
    const more = urls.length > MOST_URLS ? [`and ${String(urls.length - MOST_URLS)} more`] : [];
    return [
      `${hasColours ? styleText(colour, padded) : padded}${check.padEnd(width + 2)}${message}`,
      ...(advice === undefined || level === "ok" ? [] : [`${indent}${advice}`]),
      ...[...urls.slice(0, MOST_URLS), ...more].map((one) => `${indent}  ${one}`),
    ];
  });
  const { error, warning } = countLevels(findings);
  const sum = `${String(error)} errors, ${String(warning)} warnings`;
  return [url, "", ...rows, "", sum, ""].join("\n");
}

/** The version grows when a reader would misread the form. */
export function toJson(url: string, findings: readonly Finding[]): string {
  return `${JSON.stringify({ version: 1, url, counts: countLevels(findings), findings }, null, 2)}\n`;
}

/** 2 for an error, 1 for a warning where the caller is strict, else 0. */
export function exitCodeOf(findings: readonly Finding[], isStrict: boolean): 0 | 1 | 2 {
  const { error, warning } = countLevels(findings);
  if (error > 0) return 2;
  return isStrict && warning > 0 ? 1 : 0;
}

function countLevels(findings: readonly Finding[]): Record<Level, number> {
  const counts = { ok: 0, note: 0, warning: 0, error: 0 };
  for (const { level } of findings) counts[level]++;
  return counts;
}
