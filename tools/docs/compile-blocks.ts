/**
 * Checks the types of code blocks against the sources of the packages. Each block is a module of its own beside its
 * page, in one TypeScript program for all. Nothing is written to the disk.
 */

import { dirname } from "node:path";
import ts from "typescript";
import { REPOSITORY, repositoryPath } from "../run.ts";
import type { CodeBlock } from "./code-blocks.ts";
import { SURROUNDING_FILES, SURROUNDING_NAMES } from "./surroundings.ts";

/** Returns the errors, each with the page, the line and the column, such as `README.md:45:3: …`. */
export function compileBlocks(blocks: readonly CodeBlock[]): string[] {
  const modules = new Map(
    blocks.map((block) => [
      repositoryPath(`${block.page}.${block.line}.${block.extension}`),
      // Empty lines before the code give it the line numbers of the page.
      { page: block.page, text: "\n".repeat(block.line) + block.code },
    ]),
  );
  const names = repositoryPath("surroundings.d.ts");
  const files = new Map([[names, declareNames()]]);
  for (const [path, { text }] of modules) {
    files.set(path, text);
    for (const [name, content] of Object.entries(SURROUNDING_FILES)) {
      files.set(`${dirname(path)}/${name}`, JSON.stringify(content));
    }
  }
  const options = readOptions();
  const program = ts.createProgram([names, ...modules.keys()], options, hostWith(files, options));
  const errors = [names, ...modules.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  });
  return errors.map(({ file, start, messageText }) => {
    const { line, character } = ts.getLineAndCharacterOfPosition(file!, start!);
    const page = modules.get(file!.fileName)?.page ?? "tools/docs/surroundings.ts";
    return `${page}:${line + 1}:${character + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}

const declareNames = (): string =>
  Object.entries(SURROUNDING_NAMES)
    .map(([name, type]) => `declare const ${name}: ${type};`)
    .join("\n");

/** The strict options of this repository's own tools. They read the packages from source, so nothing has to be built. */
function readOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(repositoryPath("tsconfig.tools.json"), (path) =>
    ts.sys.readFile(path),
  ) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, REPOSITORY);
  return {
    ...options,
    allowJs: true,
    checkJs: true,
    jsx: ts.JsxEmit.Preserve,
    // A block without an import is a module too.
    moduleDetection: ts.ModuleDetectionKind.Force,
  };
}

/** The disk, with some files that are only in memory. */
function hostWith(
  files: ReadonlyMap<string, string>,
  options: ts.CompilerOptions,
): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  // Comments are parsed only where types are in them, as `tsc` does.
  host.jsDocParsingMode = ts.JSDocParsingMode.ParseForTypeErrors;
  // `getSourceFile` of this host reads through `readFile`.
  host.fileExists = (path) => files.has(path) || ts.sys.fileExists(path);
  host.readFile = (path) => files.get(path) ?? ts.sys.readFile(path);
  return host;
}
