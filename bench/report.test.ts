import { expect, test } from "vitest";
import { toMarkdown, toTables, type Report } from "./report.ts";
import type { Row } from "./row.ts";

const row: Row = {
  id: "first-token-256",
  title: "a new picture",
  group: "Time to the first token",
  unit: "ms",
  better: "lower",
  kit: [1210, 1190, 1400],
  transformers: [2420, 2400, 2500],
};

test("shows medians, their spread and how many times as good the kit is", () => {
  expect(toTables([row])).toBe(
    [
      "## Time to the first token",
      "",
      "|               |                    kit |        transformers.js |   × | × best |",
      "| ------------- | ---------------------: | ---------------------: | --: | -----: |",
      "| a new picture | 1,210 ms (1,190–1,400) | 2,420 ms (2,400–2,500) |   2 |      2 |",
    ].join("\n"),
  );
});

test("turns the ratio around where more is better", () => {
  const faster: Row = { ...row, unit: "tokens/s", better: "higher", kit: [30], transformers: [20] };
  expect(toTables([faster])).toContain("| 30 tokens/s |     20 tokens/s | 1.5 |        |");
});

test("has no ratio where one engine has no number", () => {
  expect(toTables([{ ...row, transformers: [] }])).toContain("|               – |     |        |");
});

test("puts each group under its heading and notes below its table", () => {
  const text = toTables([row, { ...row, group: "Other", note: "on a full moon" }]);
  expect(text.match(/^## .*/gm)).toEqual(["## Time to the first token", "## Other"]);
  expect(text).toMatch(/\n\n- a new picture: on a full moon$/);
});

test("says what ran where, and what was left out", () => {
  const report: Report = {
    date: "2026-11-23",
    machine: "2 cores",
    versions: { Chromium: "156" },
    conditions: { files: "full-size" },
    leftOut: ["1024 px: --quick"],
    rows: [row],
  };
  const text = toMarkdown(report);
  for (const part of [
    "2026-11-23",
    "2 cores",
    "Chromium: 156",
    "files: full-size",
    "1024 px: --quick",
  ]) {
    expect(text).toContain(part);
  }
});
