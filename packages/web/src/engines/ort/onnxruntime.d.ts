// What `#onnxruntime/*` declares; see `imports` in package.json. The declarations of onnxruntime-web
// are bound to its own name.

export * from "onnxruntime-web";

/** The addresses of a build's files. Only the copy in the published package has it. */
export declare const toFiles: (() => { readonly mjs: string; readonly wasm: string }) | undefined;
