/**
 * Shows what an ONNX file contains and how the kit would run it. This helps with files that the kit's tests do not
 * have. The `fastvlm-inspect` command prints the same.
 *
 * @module
 */

import {
  inspectModel as inspect,
  type ByteSource,
  type ModelInspection,
} from "@fastvlm-kit/onnx/graph";
import { withModelErrors } from "./engines/onnx-errors.ts";

export { toText, type ByteSource, type ModelInspection } from "@fastvlm-kit/onnx/graph";
export type { RewriteName, RewriteReport } from "./protocol/graph-report.ts";

/**
 * @param file its name, for the result and for errors
 * @param openBeside opens a file that the graph keeps weights in, by its path from the graph's folder; undefined where
 *   there is none
 * @throws {VlmError} `model-invalid` for what is not a whole ONNX file with one graph
 */
export function inspectModel(
  source: ByteSource,
  file: string,
  openBeside?: (location: string) => ByteSource | undefined,
): ModelInspection {
  return withModelErrors(() => inspect(source, file, openBeside));
}
