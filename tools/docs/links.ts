/** Finds links of a page that lead to no file of the repository. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { visit } from "unist-util-visit";
import { repositoryPath } from "../run.ts";
import type { Page } from "./pages.ts";

/** Addresses with a scheme or a host, and headings of the same page. */
const NOT_RELATIVE = /^([a-z][a-z0-9+.-]*:|\/\/|#)/i;

/** Returns the links whose file does not exist, each with its page and line. */
export function findBrokenLinks({ path, content }: Page): string[] {
  const broken: string[] = [];
  visit(content, (node) => {
    if (node.type !== "link" && node.type !== "image" && node.type !== "definition") return;
    if (NOT_RELATIVE.test(node.url)) return;
    const file = decodeURIComponent(node.url.replace(/[?#].*$/, ""));
    if (existsSync(repositoryPath(join(dirname(path), file)))) return;
    broken.push(`${path}:${node.position!.start.line}: ${node.url}`);
  });
  return broken;
}
