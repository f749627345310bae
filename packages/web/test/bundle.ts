/** The package in a production build of a small app: which scripts a page or a worker loads, and what is in them. */

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, defaultClientConditions, type Rolldown } from "vite";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));

/** The script with these modules, and the scripts that it cannot run without. */
export interface Load {
  /** Paths from the root of the repository. */
  readonly modules: readonly string[];
  /** Sum of the sizes with gzip. */
  readonly gzipBytes: number;
}

/**
 * Builds an app that is one module.
 *
 * @returns what a browser loads for the script that `isWanted` says of a path that it holds it; what
 *     another script has loaded before is left out
 */
export async function buildApp(
  source: string,
): Promise<(isWanted: (path: string) => boolean, after?: readonly Load[]) => Load> {
  const output = await build({
    root: fileURLToPath(new URL("..", import.meta.url)),
    configFile: false,
    logLevel: "error",
    resolve: { conditions: ["@fastvlm-kit/source", ...defaultClientConditions] },
    plugins: [
      {
        name: "app",
        resolveId: (id) => (id === "app" ? APP : undefined),
        load: (id) => (id === APP ? source : undefined),
      },
    ],
    build: { target: "es2023", write: false, rolldownOptions: { input: "app" } },
  });
  const files = (output as Rolldown.RolldownOutput).output;
  const chunks = files.filter((file) => file.type === "chunk");

  return (isWanted, after = []) => {
    const wanted = chunks.filter((chunk) => modulesOf(chunk).some(isWanted));
    if (wanted.length !== 1) throw new Error(`${wanted.length} scripts hold what was asked for.`);
    const loaded = new Set(after.flatMap(({ modules }) => modules));
    const scripts = withImports(wanted[0]!, chunks).filter(
      (chunk) => !modulesOf(chunk).some((path) => loaded.has(path)),
    );
    return {
      modules: scripts.flatMap(modulesOf),
      gzipBytes: scripts.reduce((sum, { code }) => sum + gzipSync(code).length, 0),
    };
  };
}

/** The app itself, as a path in the build. */
export const APP = "\0app";

/** A script and all that it imports at once. */
function withImports(
  script: Rolldown.OutputChunk,
  all: readonly Rolldown.OutputChunk[],
): Rolldown.OutputChunk[] {
  const found = new Set([script]);
  for (const { imports } of found) {
    for (const name of imports) found.add(all.find(({ fileName }) => fileName === name)!);
  }
  return [...found];
}

function modulesOf({ modules }: Rolldown.OutputChunk): string[] {
  return Object.keys(modules).map((path) => path.replace(REPOSITORY, ""));
}
