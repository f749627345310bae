/** What is used here of WebAssembly and `atob`, which pages, workers and Node all have, and ECMAScript does not define. */

declare namespace WebAssembly {
  class Memory {
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  type Module = object;
  const Module: new (bytes: Uint8Array) => Module;
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;
    constructor(module: Module);
  }
}

declare function atob(base64: string): string;
