/** Where ORT's runtime files are, if not in the bundler's own place. */
export type OrtFiles = string | { readonly mjs?: string; readonly wasm?: string };
