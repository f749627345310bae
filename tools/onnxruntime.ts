/**
 * The files of onnxruntime-web that the SDK runs, put into its package. As a dependency it would
 * bring protobufjs, which no page runs and which has an install script, and builds that are never
 * loaded (decisions/2026-11-26-onnxruntime-inside-the-package.md).
 */

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { repositoryPath } from "./run.ts";

/** Each build: a script with everything, and what it loads or an app serves by itself. */
export const ONNXRUNTIME_BUILDS = [
  { name: "wasm", runtime: "ort-wasm-simd-threaded" },
  { name: "jspi", runtime: "ort-wasm-simd-threaded.jspi" },
  { name: "webgpu", runtime: "ort-wasm-simd-threaded.asyncify" },
];

/** Writes `dist/onnxruntime` of `packages/web`; its package.json says what is imported from there. */
export function copyOnnxRuntime(): void {
  const web = repositoryPath("packages/web");
  const source = dirname(createRequire(`${web}/package.json`).resolve("onnxruntime-web/wasm"));
  const target = join(web, "dist/onnxruntime");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const { name, runtime } of ONNXRUNTIME_BUILDS) {
    const script = `ort.${name}.bundle.min.mjs`;
    writeFileSync(join(target, script), withoutRequire(readFileSync(join(source, script), "utf8")));
    for (const file of [`${runtime}.mjs`, `${runtime}.wasm`]) {
      copyFileSync(join(source, file), join(target, file));
    }
    writeFileSync(join(target, `${name}.mjs`), toEntry(name, runtime));
  }
}

/** What a bundler of onnxruntime's put in the place of `require`: it asks whether there is one. */
const REQUIRE =
  /\((\w+)=>typeof require<"u"\?require:.{0,120}\?require:\w+\)\[\w+\]\}\):\1\)\(function\((\w+)\)\{if\(typeof require<"u"\)return require\.apply\(this,arguments\);throw Error\('Dynamic require of "'\+\2\+'" is not supported'\)\}\)/g;

/**
 * Takes `require` out of a script of onnxruntime's. No module has it, but bundlers put a function in its place, which they
 * import from a file that they share with other scripts. onnxruntime's threads run its script too, and where several start
 * at once, WebKit asks the server for what they import, and not the service worker: an app could not start its threads
 * without a network.
 */
export function withoutRequire(script: string): string {
  let found = 0;
  const changed = script.replace(REQUIRE, () => {
    found += 1;
    return `(name=>{throw Error('Dynamic require of "'+name+'" is not supported')})`;
  });
  if (found !== 1) throw new Error("This version of onnxruntime-web has another `require`.");
  return changed;
}

/**
 * What the package imports: a build, and where its two files are. Bundlers copy what is addressed like this, and write
 * the addresses of their copies. The script itself addresses the `.wasm` only.
 */
function toEntry(name: string, runtime: string): string {
  return `export * from "./ort.${name}.bundle.min.mjs";
export const toFiles = () => ({
  mjs: new URL("./${runtime}.mjs", import.meta.url).href,
  wasm: new URL("./${runtime}.wasm", import.meta.url).href,
});
`;
}
