/**
 * The worker's part of the kit, for threads that are not in a browser, such as those of Node. They bring a decoder of images,
 * because only browsers have one, and may bring the places where models are kept. `@fastvlm-kit/serve` is built on it; apps in browsers use `@fastvlm-kit/web/worker`.
 *
 * @module
 */

import type { RuntimeFiles } from "./engines/ort/runtime-files.ts";
import { createOrtEngine } from "./engines/ort/ort-engine.ts";
import type { PagePort } from "./host/guarded-endpoint.ts";
import type { HostPlatform } from "./host/host-platform.ts";
import { serveMethods } from "./host/serve-methods.ts";
import { WASM_BUILD } from "./runtimes/wasm.ts";

export type { PagePort } from "./host/guarded-endpoint.ts";
export type { HostPlatform } from "./host/host-platform.ts";
export type { ImageHeader, ImageKind } from "./image/formats/image-header.ts";
export { decodeFile } from "./decode/decode-file.ts";
export type { DecodedFrame, FileDecoder, Pixels } from "./decode/file-decoder.ts";
export { VlmError } from "./protocol/errors.ts";
export { openStoresOn } from "./storage/open-stores.ts";
export type { OpenStores, OpenStoresOptions, StoreBases, Stores } from "./storage/open-stores.ts";
export { createPrivateFileStore, privateFileNameOf } from "./storage/private-file-store.ts";
export type { PrivateFileStore } from "./storage/private-file-store.ts";
export type { PrivateFiles } from "./storage/private-files.ts";
export type { RawFile, Store } from "./storage/store.ts";

/** Options of {@link serveHost}. */
export interface HostOptions extends HostPlatform {
  /** The port to the thread that calls `createVlm`. Nobody else may have its other end. */
  readonly port: PagePort;
  /** Where onnxruntime-web's `.wasm` files are. Default: beside its scripts. */
  readonly runtimeFiles?: RuntimeFiles;
}

/** Serves a client of `@fastvlm-kit/web/node` from this thread, with onnxruntime-web's WASM. */
export function serveHost({ port, runtimeFiles, ...platform }: HostOptions): void {
  serveMethods([createOrtEngine({ builds: WASM_BUILD, files: runtimeFiles })], port, platform);
}
