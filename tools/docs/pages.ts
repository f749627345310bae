/** Reads the pages that tell people how to use the kit and how to change it. */

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fromMarkdown } from "mdast-util-from-markdown";
import { repositoryPath } from "../run.ts";

/** One page, parsed. */
export interface Page {
  /** The path in the repository. */
  readonly path: string;
  readonly content: ReturnType<typeof fromMarkdown>;
}

export function readPages(): Page[] {
  const readmes = ["packages", "examples"].flatMap((folder) => [
    `${folder}/README.md`,
    ...readdirSync(repositoryPath(folder)).map((name) => `${folder}/${name}/README.md`),
  ]);
  const docs = readdirSync(repositoryPath("docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  return ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", ...docs, ...readmes]
    .filter((path) => existsSync(repositoryPath(path)))
    .map((path) => parsePage(path, readFileSync(repositoryPath(path), "utf8")));
}

export const parsePage = (path: string, markdown: string): Page => ({
  path,
  content: fromMarkdown(markdown),
});
