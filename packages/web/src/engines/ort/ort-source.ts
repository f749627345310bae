/** Where onnxruntime-web comes from. */

import type * as Ort from "onnxruntime-web/webgpu";
import type { RuntimeFiles } from "./runtime-files.ts";

export type OrtModule = typeof Ort & {
  /** Where the bundler has put the build's files. Only the published package has it. */
  readonly toFiles?: (() => { readonly mjs: string; readonly wasm: string }) | undefined;
};

/** The builds, named by how their WebAssembly waits for the GPU. `wasm` does not use a GPU. */
export type OrtBuild = "wasm" | "jspi" | "asyncify";

/** The builds that a worker can load. Each is a chunk of its own, so that a browser downloads only one. */
export type OrtBuilds = Readonly<Partial<Record<OrtBuild, () => Promise<OrtModule>>>>;

export interface OrtSource {
  readonly builds: OrtBuilds;
  /** Where the files of the runtime are, if not in the bundler's own place. */
  readonly files: RuntimeFiles | undefined;
}
