/**
 * The functions of the `fastvlm-selfcheck` command, for scripts of your own. They compare the precisions of a model's
 * files on your images, in Node or in a worker, and produce the numbers that every device has to reach.
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
