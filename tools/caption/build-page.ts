/** Builds the page that the command line drives, when something that it is made of has changed. */

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { build } from "vite";
import { sharedConfig } from "../../vite.config.ts";
import { buildTiny, repositoryPath } from "../run.ts";

const PAGE_FOLDER = repositoryPath(".cache/caption/page");
const STAMP = repositoryPath(".cache/caption/page.stamp");

const SOURCES = [
  "tools/caption/page",
  "packages/web/src",
  "packages/tiny/src",
  "packages/tiny/model",
  "packages/tiny/scripts",
  "packages/tiny/checkpoint",
  "packages/tiny/smolvlm",
  "packages/onnx/src",
  "vite.config.ts",
  "package-lock.json",
];

/** Gives the folder of the built page. */
export async function buildPage(): Promise<string> {
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === stamp()) return PAGE_FOLDER;
  await buildTiny("stderr");
  await build({
    ...sharedConfig,
    configFile: false,
    root: repositoryPath("tools/caption/page"),
    logLevel: "error",
    build: {
      ...sharedConfig.build,
      outDir: PAGE_FOLDER,
      emptyOutDir: true,
      reportCompressedSize: false,
      // Only this tool loads the page, from its own disk.
      chunkSizeWarningLimit: Infinity,
    },
  });
  writeFileSync(STAMP, stamp());
  return PAGE_FOLDER;
}

/** Changes when a source is added, removed or written. */
function stamp(): string {
  const hash = createHash("sha256");
  for (const path of SOURCES.flatMap(filesUnder)) {
    const { size, mtimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

function filesUnder(source: string): string[] {
  const path = repositoryPath(source);
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`)
    .sort();
}
