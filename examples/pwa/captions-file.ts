/** All captions as one file: JSON for programs, CSV for spreadsheets. */

import { byOrder, type QueuedPicture } from "./queue.ts";

/** One picture in the exported file. */
export interface CaptionRow {
  readonly file: string;
  readonly status: "done" | "failed" | "waiting";
  readonly caption: string;
  readonly preset: string;
  readonly model: string;
  readonly edited: boolean;
  readonly problem: string;
}

const COLUMNS = [
  "file",
  "status",
  "caption",
  "preset",
  "model",
  "edited",
  "problem",
] as const satisfies readonly (keyof CaptionRow)[];

export function toRows(pictures: Iterable<QueuedPicture>): CaptionRow[] {
  return [...pictures].sort(byOrder).map(({ name, state }) => {
    const isDone = state.kind === "done";
    return {
      file: name,
      status: state.kind,
      caption: isDone ? state.caption : "",
      preset: isDone ? state.preset : "",
      model: isDone ? state.modelId : "",
      edited: isDone && state.isEdited,
      problem: state.kind === "failed" ? state.message : "",
    };
  });
}

export function toJson(rows: readonly CaptionRow[]): string {
  return `${JSON.stringify(rows, undefined, 2)}\n`;
}

/** RFC 4180, with the byte order mark by which spreadsheets know UTF-8. */
export function toCsv(rows: readonly CaptionRow[]): string {
  const lines = [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => String(row[column])))];
  return `\uFEFF${lines.map((cells) => `${cells.map(toCell).join(",")}\r\n`).join("")}`;
}

// Spreadsheets run cells that begin like this as formulas, and a file's name or a caption may be
// anybody's text. The apostrophe is their own mark for "this is text".
const FORMULA_START = /^[=+\-@\t\r]/;

function toCell(text: string): string {
  const safe = FORMULA_START.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
