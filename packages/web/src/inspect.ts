/**
 * What is in an ONNX file and what the kit makes of it, for whoever has a file that nobody here has seen. The
 * `fastvlm-inspect` command prints it.
 *
 * @module
 */

export { inspectModel, type ModelInspection } from "./onnx/inspect-model.ts";
export { toText } from "./onnx/inspection-text.ts";
export type { ByteSource } from "./onnx/byte-source.ts";
export type { RewriteName, RewriteReport } from "./protocol/graph-report.ts";
