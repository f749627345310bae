/**
 * Finds blocks that are lines of a file of this repository. Pages about ways of building show the files of the apps in
 * `e2e/apps`, which a test builds and opens: `<!-- file: e2e/apps/vite/vite.config.ts -->` before the block names the file.
 */

import { existsSync, readFileSync } from "node:fs";
import { visit } from "unist-util-visit";
import { repositoryPath } from "../run.ts";
import type { Page } from "./pages.ts";

export interface Quotation {
  readonly page: string;
  /** The line of the page that opens the block. */
  readonly line: number;
  /** The path of the file in the repository; undefined where the page does not say it. */
  readonly file: string | undefined;
  readonly language: string;
  readonly code: string;
}

const FILE = /^<!--\s*file:\s*(\S+)\s*-->$/;

/** What a person types into a terminal. */
const COMMANDS = "sh";

/** The blocks whose file is named. */
export const findQuotations = (page: Page): Quotation[] =>
  findBlocks(page).filter(({ file }) => file !== undefined);

/** Blocks of which the page does not say the file, each with the page and the line, without commands. */
export const findUnquoted = (page: Page): string[] =>
  findBlocks(page)
    .filter(({ file, language }) => file === undefined && language !== COMMANDS)
    .map((block) => `${block.page}:${block.line}: say of which file this is`);

/** Why a block is not in its file. It may be indented less than there, and lack the comma after its last line. */
export function whyNotQuoted({ page, line, file, code }: Quotation): string | undefined {
  const path = repositoryPath(file!);
  if (!existsSync(path)) return `${page}:${line}: there is no ${file}`;
  const lines = readFileSync(path, "utf8").split("\n");
  const quoted = code.split("\n");
  const isThere = lines.some((_, start) => {
    const part = lines.slice(start, start + quoted.length);
    const indentation = /^ */.exec(part[0]!)![0].slice(/^ */.exec(quoted[0]!)![0].length);
    const last = quoted.length - 1;
    if (part[last]?.endsWith("},") || part[last]?.endsWith("],"))
      part[last] = part[last].slice(0, -1);
    return quoted.every((text, i) => part[i] === (text === "" ? "" : indentation + text));
  });
  return isThere ? undefined : `${page}:${line}: these lines are not in ${file}`;
}

function findBlocks({ path, content }: Page): Quotation[] {
  const blocks: Quotation[] = [];
  visit(content, "code", ({ lang, value, position }, index, parent) => {
    const before = parent?.children[(index ?? 0) - 1];
    const file = before?.type === "html" ? FILE.exec(before.value)?.[1] : undefined;
    const { line } = position!.start;
    blocks.push({ page: path, line, file, language: lang ?? "", code: value });
  });
  return blocks;
}
