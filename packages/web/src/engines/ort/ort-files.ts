/** Where ORT's runtime files are, when the bundler's own place is not right. */
export type OrtFiles = string | { readonly mjs?: string; readonly wasm?: string };
