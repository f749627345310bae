/**
 * The SDK for pages without a bundler, and for bundlers that do not know workers: the page's entries without bare imports,
 * and workers that are ready to start. They are in `dist` of `packages/web`, and share their chunks.
 */

import { writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { ONNXRUNTIME_BUILDS } from "./onnxruntime.ts";
import { repositoryPath } from "./run.ts";

/** The entries of each build. Pages and workers share no chunks, so that each loads few. */
const BUILDS = [
  ["index", "config", "remote"],
  ["worker", "worker-webgpu", "worker-wasm"],
] as const;

/** Which files each entry may load, for `fastvlm-copy-files`. */
const FILES = "bundles.json";

/** onnxruntime's files stay files of their own, in a folder beside the bundles, where `tools/onnxruntime.ts` puts them. */
const ONNXRUNTIME: Plugin = {
  name: "onnxruntime",
  setup(plugged) {
    plugged.onResolve({ filter: /^#onnxruntime\// }, ({ path }) => ({
      path: `./onnxruntime/ort.${basename(path)}.bundle.min.mjs`,
      external: true,
    }));
  },
};

/** Writes the bundles into `dist` of `packages/web`. */
export async function buildBundles(): Promise<void> {
  const dist = repositoryPath("packages/web/dist");
  const files = await Promise.all(BUILDS.map(buildTogether));
  writeFileSync(join(dist, FILES), `${JSON.stringify(Object.assign({}, ...files), null, 2)}\n`);
  writeFileSync(join(dist, "worker.bundle.d.ts"), "export {};\n");
}

/** @returns the files of each entry */
async function buildTogether(entries: readonly string[]): Promise<Record<string, string[]>> {
  const { metafile } = await build({
    absWorkingDir: repositoryPath("packages/web"),
    entryPoints: entries.map((name) => ({
      in: `bundles/${name}.bundle.ts`,
      out: `${name}.bundle`,
    })),
    outdir: "dist",
    chunkNames: "[name]-[hash].bundle",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "inline",
    sourcemap: "linked",
    sourcesContent: false,
    metafile: true,
    conditions: ["@fastvlm-kit/source"],
    plugins: [ONNXRUNTIME],
    logLevel: "warning",
  });
  return Object.fromEntries(
    entries.map((name) => [name, listFiles(metafile, `dist/${name}.bundle.js`)]),
  );
}

/** An output and all that it may load, in `dist`, onnxruntime's files included. */
function listFiles({ outputs }: Metafile, entry: string): string[] {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const { path: next, external } of outputs[path]?.imports ?? []) {
      visit(external === true ? join(dirname(path), next) : next);
    }
  };
  visit(entry);
  for (const { name, runtime } of ONNXRUNTIME_BUILDS) {
    const script = `dist/onnxruntime/ort.${name}.bundle.min.mjs`;
    if (!found.has(script)) continue;
    found.add(`dist/onnxruntime/${runtime}.wasm`);
    found.add(`dist/onnxruntime/${runtime}.mjs`); // It takes the script's place on pages of another origin.
  }
  return [...found].map((path) => relative("dist", path)).sort();
}
