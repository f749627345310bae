/**
 * onnxruntime-web, in the build that the device needs. Each build is a chunk of its own, so that a
 * worker downloads one of them: 14 MB for WASM, and for WebGPU 17 MB where the browser can suspend
 * WebAssembly by itself (JSPI), 27 MB where the build has to (asyncify).
 */

import type * as Ort from "onnxruntime-web/webgpu";
import type { Device } from "../../protocol/model-descriptor.ts";
import type { OrtFiles } from "./ort-files.ts";

export type OrtModule = typeof Ort;

/** Builds by how their WebAssembly waits for the GPU; `wasm` has none to wait for. */
export type OrtBuild = "wasm" | "jspi" | "asyncify";

export interface OrtOptions {
  readonly device: Device;
  /** 0: as many as the browser and isolation allow. */
  readonly wasmThreads: number;
  readonly files: OrtFiles | undefined;
}

// More than four threads stop paying: the small matrices of one token are not worth the hand-over.
const MAX_DEFAULT_THREADS = 4;

export async function loadOrt(options: OrtOptions): Promise<OrtModule> {
  const ort = await importOrt(chooseBuild(options));
  ort.env.logLevel = "error";
  ort.env.wasm.proxy = false; // This is the worker already.
  ort.env.wasm.numThreads = options.wasmThreads > 0 ? options.wasmThreads : defaultThreads();
  // Undefined is ORT's own default: the files that the bundler put beside the script. An app that
  // has transformers.js in the same worker needs it said: that points to a CDN when it is imported.
  (ort.env.wasm as { wasmPaths: OrtFiles | undefined }).wasmPaths = options.files;
  return ort;
}

export function importOrt(build: OrtBuild): Promise<OrtModule> {
  return IMPORTS[build]();
}

/** What runs a device in this browser. */
export function chooseBuild({ device, files }: Pick<OrtOptions, "device" | "files">): OrtBuild {
  if (device === "wasm") return "wasm";
  // Files that are named one by one are of one build: the one that runs in every browser.
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

/** Threads need shared memory, and that needs cross-origin isolation. */
function defaultThreads(): number {
  return self.crossOriginIsolated
    ? Math.min(navigator.hardwareConcurrency, MAX_DEFAULT_THREADS)
    : 1;
}
