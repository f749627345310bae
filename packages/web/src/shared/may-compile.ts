/** Whether this page or worker may compile WebAssembly. A Content-Security-Policy without `'wasm-unsafe-eval'` forbids it. */
export function mayCompileWasm(): boolean {
  try {
    return new WebAssembly.Module(EMPTY_MODULE) instanceof WebAssembly.Module;
  } catch {
    return false;
  }
}

/** The smallest module: its first four bytes, and version 1. */
const EMPTY_MODULE = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
