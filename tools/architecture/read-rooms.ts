/** Reads the rooms of packages/web/src, and the arrows between them, from the tables of ARCHITECTURE.md. */

import { readFileSync } from "node:fs";
import { repositoryPath } from "../run.ts";

export interface Room {
  /** A folder or a file of `packages/web/src`, such as `engines/ort` or `worker.ts`. */
  readonly name: string;
  /** The rooms that its files may import. */
  readonly mayImport: readonly string[];
  /** Those of them that are chunks of their own: only `import()` and imports of types may reach them. */
  readonly byDynamicImport: readonly string[];
}

interface Library {
  /** The package, such as `comlink`. */
  readonly name: string;
  /** The rooms that may import it. */
  readonly rooms: readonly string[];
}

export interface Architecture {
  readonly rooms: readonly Room[];
  readonly libraries: readonly Library[];
}

export function readArchitecture(
  text = readFileSync(repositoryPath("ARCHITECTURE.md"), "utf8"),
): Architecture {
  return {
    rooms: readTable(text, ["room", "may import"]).map(([name, arrows]) => toRoom(name!, arrows!)),
    libraries: readTable(text, ["library", "rooms"]).map(([name, rooms]) => ({
      name: name!,
      rooms: listItems(rooms!),
    })),
  };
}

/** The cells below the given headings, row by row, of the one table whose heads include all of them. */
function readTable(text: string, headings: readonly string[]): string[][] {
  const tables = text
    .split(/\n(?!\|)/)
    .map((block) => block.split("\n").filter((line) => line.startsWith("|")))
    .filter((lines) => lines.length > 2)
    .map((lines) => lines.map(cellsOf))
    .filter(([heads]) => headings.every((heading) => heads!.includes(heading)));
  if (tables.length !== 1)
    throw new Error(
      `ARCHITECTURE.md has ${tables.length} tables with the columns ${headings.join(", ")}. Keep one.`,
    );
  const [heads, , ...rows] = tables[0]!;
  const columns = headings.map((heading) => heads!.indexOf(heading));
  return rows.map((row) => columns.map((column) => row[column]!));
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf("|"))
    .split("|")
    .map((cell) => cell.trim().replaceAll("`", ""));
}

function toRoom(name: string, arrows: string): Room {
  const isLate = (item: string): boolean => item.endsWith(BY_DYNAMIC_IMPORT);
  const roomOf = (item: string): string => item.replace(BY_DYNAMIC_IMPORT, "");
  const items = listItems(arrows);
  return {
    name,
    mayImport: items.map(roomOf),
    byDynamicImport: items.filter(isLate).map(roomOf),
  };
}

const BY_DYNAMIC_IMPORT = " by import()";

function listItems(cell: string): string[] {
  return cell === "–" ? [] : cell.split(", ");
}
