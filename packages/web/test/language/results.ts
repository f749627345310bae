/** Results in files, one for each process that measures. */

import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Speed, StretchResult } from "./measure.ts";

export interface ResultFile {
  /** What was measured: the device, the precision, and how contexts were divided. */
  readonly label: string;
  readonly results: readonly StretchResult[];
  readonly speed?: Speed;
}

/** @param part tells the files of processes apart that measure the same together */
export function writeResults(folder: string, part: string, file: ResultFile): void {
  const name = `${file.label.replaceAll(" ", "-")}.${part.replace("/", "-of-")}.json`;
  const path = join(folder, name);
  // Other processes read the folder meanwhile.
  writeFileSync(`${path}.new`, JSON.stringify(file));
  renameSync(`${path}.new`, path);
}

/** Returns the labels of everything measured so far. */
export function listLabels(folder: string): string[] {
  return [...new Set(readFiles(folder).map(({ label }) => label))].sort();
}

/** Returns what all processes found that measured `label`. */
export function readResults(folder: string, label: string): Omit<ResultFile, "label"> {
  const files = readFiles(folder).filter((file) => file.label === label);
  const results = new Map(
    files.flatMap((file) => file.results.map((result) => [result.name, result])),
  );
  const speed = files.find((file) => file.speed)?.speed;
  return { results: [...results.values()], ...(speed && { speed }) };
}

function readFiles(folder: string): ResultFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as ResultFile);
}
