/**
 * Loads onnxruntime-web in the build that the device needs. Each build is a chunk of its own, so that a worker downloads
 * only one. The build for WASM has 14 MB. For WebGPU there are two: 17 MB if the browser can suspend WebAssembly (JSPI),
 * and 27 MB if the build has to do that itself (asyncify).
 */

import type * as Ort from "onnxruntime-web/webgpu";
import type { Device } from "../../protocol/model-descriptor.ts";
import type { OrtFiles } from "./ort-files.ts";

export type OrtModule = typeof Ort;

/** The builds, named by how their WebAssembly waits for the GPU. `wasm` does not use a GPU. */
export type OrtBuild = "wasm" | "jspi" | "asyncify";

export interface OrtOptions {
  readonly device: Device;
  /** The number of threads; 0 means as many as the browser and the isolation of the page allow. */
  readonly wasmThreads: number;
  readonly files: OrtFiles | undefined;
}

// More than four threads bring nothing, because the matrices of one token are too small to share.
const MAX_DEFAULT_THREADS = 4;

export async function loadOrt(options: OrtOptions): Promise<OrtModule> {
  const ort = await importOrt(chooseBuild(options));
  ort.env.logLevel = "error";
  ort.env.wasm.proxy = false; // ORT need not start a worker of its own, because this is a worker.
  ort.env.wasm.numThreads = options.wasmThreads > 0 ? options.wasmThreads : defaultThreads();
  // Undefined means ORT's own default: the files that the bundler put beside the script. It is set anyway, for an app that
  // has transformers.js in the same worker, which sets it to a CDN when it is imported.
  (ort.env.wasm as { wasmPaths: OrtFiles | undefined }).wasmPaths = options.files;
  return ort;
}

export function importOrt(build: OrtBuild): Promise<OrtModule> {
  return IMPORTS[build]();
}

/** Chooses the build for a device in this browser. */
export function chooseBuild({ device, files }: Pick<OrtOptions, "device" | "files">): OrtBuild {
  if (device === "wasm") return "wasm";
  // Files that are named one by one belong to the build that runs in every browser.
  const isFree = typeof files !== "object";
  return isFree && "Suspending" in WebAssembly ? "jspi" : "asyncify";
}

// In this repository these are onnxruntime-web's own files, and in the published package copies of
// them (`imports` in package.json).
const IMPORTS: Readonly<Record<OrtBuild, () => Promise<OrtModule>>> = {
  wasm: () => import("#onnxruntime/wasm"),
  jspi: () => import("#onnxruntime/jspi"),
  asyncify: () => import("#onnxruntime/webgpu"),
};

/** The default number of threads. Threads need shared memory, which needs cross-origin isolation. */
function defaultThreads(): number {
  return self.crossOriginIsolated
    ? Math.min(navigator.hardwareConcurrency, MAX_DEFAULT_THREADS)
    : 1;
}
