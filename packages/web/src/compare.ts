/**
 * What `fastvlm-selfcheck` runs on, for scripts of your own: compares the precisions of a model's files on
 * your images, in Node or a worker, and makes the numbers that devices are held to.
 *
 * @module
 */

export { compareSets } from "./compare/compare-sets.ts";
export type { CompareOptions, Comparison, SetComparison } from "./compare/compare-sets.ts";
export { findSets, parseSet } from "./compare/file-sets.ts";
export type { FileSet } from "./compare/file-sets.ts";
export { formatComparison } from "./compare/format-comparison.ts";
export { readModelFolder } from "./compare/model-folder.ts";
export type { ModelFolder } from "./compare/model-folder.ts";
export type { NamedImage } from "./compare/run-set.ts";
