import type { RuntimeFiles } from "./engines/ort/runtime-files.ts";

export type { RuntimeFiles } from "./engines/ort/runtime-files.ts";

/** Settings that an app can make only in its worker file. */
export interface WorkerOptions {
  /**
   * Where onnxruntime-web's `.wasm` files are: the address of a folder, or of each file. By default they are
   * where the bundler put them, beside the app's own scripts. To serve them yourself, copy them from
   * `dist/onnxruntime` of this package; files of another version do not work. If you name the files one by one, name
   * those of the build for the device: the plain build for WASM, `asyncify` for WebGPU. A folder has to hold all
   * that the entry of the worker can load.
   */
  readonly runtimeFiles?: RuntimeFiles;
}
