/**
 * The functions of the `fastvlm-selfcheck` command, for scripts of your own. They compare the precisions of a model's
 * files on your images, in Node or in a worker, and produce the numbers that every device has to reach.
 *
 * @module
 */

import { compareSets as compareOn, type Comparison } from "./compare/compare-sets.ts";
import type { CompareOptions as CompareOnOptions } from "./compare/compare-sets.ts";
import { createOrtCode } from "./engines/ort/ort-code.ts";
import { WASM_BUILD } from "./runtimes/wasm.ts";

export type { Comparison, SetComparison } from "./compare/compare-sets.ts";
export { findSets, parseSet } from "./compare/file-sets.ts";
export { familyNameOfConfig } from "./families/family-name.ts";
export type { FileSet } from "./compare/file-sets.ts";
export { formatComparison } from "./compare/format-comparison.ts";
export { readModelFolder } from "./compare/model-folder.ts";
export type { ModelFolder } from "./compare/model-folder.ts";
export type { NamedImage } from "./compare/run-set.ts";

/** What is compared, and on which images. */
export type CompareOptions = Omit<CompareOnOptions, "engine">;

/**
 * Loads one set after the other into onnxruntime.
 *
 * @throws {TypeError} without a set or an image
 * @throws {VlmError} what the runtime throws
 */
export function compareSets(options: CompareOptions): Promise<Comparison> {
  return compareOn({ ...options, engine: createOrtCode({ builds: WASM_BUILD, files: undefined }) });
}
