/**
 * onnxruntime-web, the build that the device needs. Each build is a chunk of its own, so that a
 * worker on WASM never downloads the WebGPU build's 27 MB.
 */

import type * as Ort from "onnxruntime-web/webgpu";
import type { Device } from "../protocol/model-descriptor.ts";

export type OrtModule = typeof Ort;

/** Where ORT's runtime files are, when the bundler's own place is not right. */
export type OrtFiles = string | { readonly mjs?: string; readonly wasm?: string };

export interface OrtOptions {
  readonly device: Device;
  /** 0: as many as the browser and isolation allow. */
  readonly wasmThreads: number;
  readonly files: OrtFiles | undefined;
}

// More than four threads stop paying: the small matrices of one token are not worth the hand-over.
const MAX_DEFAULT_THREADS = 4;

export async function loadOrt(options: OrtOptions): Promise<OrtModule> {
  const ort: OrtModule =
    options.device === "webgpu"
      ? await import("onnxruntime-web/webgpu")
      : await import("onnxruntime-web/wasm");
  ort.env.logLevel = "error";
  ort.env.wasm.proxy = false; // This is the worker already.
  ort.env.wasm.numThreads = options.wasmThreads > 0 ? options.wasmThreads : defaultThreads();
  // transformers.js points this at a CDN when it is imported; undefined is ORT's own default: the
  // files that the bundler put beside the script.
  (ort.env.wasm as { wasmPaths: OrtFiles | undefined }).wasmPaths = options.files;
  return ort;
}

/** Threads need shared memory, and that needs cross-origin isolation. */
function defaultThreads(): number {
  return self.crossOriginIsolated
    ? Math.min(navigator.hardwareConcurrency, MAX_DEFAULT_THREADS)
    : 1;
}
