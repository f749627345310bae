/** Finds the blocks of TypeScript and JavaScript in a page. */

import { visit } from "unist-util-visit";
import type { Page } from "./pages.ts";

export interface CodeBlock {
  /** The path of the page in the repository. */
  readonly page: string;
  /** The line of the page that opens the block. Its code starts on the next line. */
  readonly line: number;
  readonly extension: Extension;
  readonly code: string;
}

type Extension = "ts" | "tsx" | "js" | "jsx";

const EXTENSIONS: Readonly<Record<string, Extension>> = {
  ts: "ts",
  typescript: "ts",
  tsx: "tsx",
  js: "js",
  javascript: "js",
  jsx: "jsx",
};

/**
 * A comment before a block that must not be compiled: `<!-- not compiled: the reason -->`, or `<!-- file: its path -->` of a
 * block that an app has (`quotations.ts`), which is compiled there.
 */
const NOT_COMPILED = /^<!--\s*(not compiled|file):\s*\S.*-->$/s;

/** The blocks that have to compile, in the order of the page. */
export function findCodeBlocks({ path, content }: Page): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  visit(content, "code", ({ lang, value, position }, index, parent) => {
    const extension = EXTENSIONS[lang ?? ""];
    const before = parent?.children[(index ?? 0) - 1];
    const isLeftOut = before?.type === "html" && NOT_COMPILED.test(before.value);
    if (extension === undefined || isLeftOut) return;
    blocks.push({ page: path, line: position!.start.line, extension, code: value });
  });
  return blocks;
}
