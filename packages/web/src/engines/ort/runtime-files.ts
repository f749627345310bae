/** Where the runtime's files are, if not in the bundler's own place: the address of their folder, or of each file. */
export type RuntimeFiles = string | { readonly mjs?: string; readonly wasm?: string };
