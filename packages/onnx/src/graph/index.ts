/**
 * Reads the structure of an ONNX file and rewrites it, without a runtime and without its weights in memory. Nothing here
 * needs a DOM or Node.
 *
 * @module
 */

export { DATA_TYPE, ELEMENT_BYTES, type DataType } from "../format/data-type.ts";
export { fromFloat16, toFloat16 } from "../format/float16.ts";
export { GRAPH } from "../format/onnx-fields.ts";
export { OnnxError, type OnnxErrorCode, type OnnxErrorDetails } from "../errors.ts";
export { sourceOfBytes, type ByteSource } from "./byte-source.ts";
export { dataFlow, type DataFlow } from "./data-flow.ts";
export {
  DECODER_REWRITE,
  MASK,
  planDecoder,
  rewriteDecoder,
  type DecoderPlan,
  type DecoderRewrite,
  type DecoderRewriteOptions,
  type RewriteSummary,
} from "./decoder-rewrite.ts";
export { embeddingTable, type EmbeddingTable, type NumberType } from "./embedding-table.ts";
export { joinFiles, type ExternalFile, type Layout } from "./external-data.ts";
export { POSITIONS } from "./fuse-rotary.ts";
export { headSizesOf } from "./head-size.ts";
export { planEncoder, type EncoderPlan } from "./encoder-rewrite.ts";
export {
  inspectModel,
  type InspectedTensors,
  type InspectedValue,
  type ModelInspection,
} from "./inspect-model.ts";
export { toText } from "./inspection-text.ts";
export { planInt8Vision, type Int8VisionOptions, type Int8VisionPlan } from "./int8-vision.ts";
export { lastLogits } from "./last-logits.ts";
export { outlineModel, type GraphOutline, type StoredTensor } from "./model-outline.ts";
export type { NewPositions } from "./new-positions.ts";
export { outlineNode, type NodeOutline } from "./node-outline.ts";
export type { RewriteName, RewriteReport } from "./rewrite-report.ts";
export { RewriteLog } from "./rewrite-log.ts";
export type { MessageEdit } from "./rewrite.ts";
export { LAST_POSITION, TOTAL_LENGTH } from "./sequence-lengths.ts";
export { canSharePast } from "./shared-past.ts";
export { sharesScale } from "./shared-scale.ts";
export { skeletonOf, toSkeleton, type Skeleton, type SkeletonOptions } from "./skeleton.ts";
export { ATTENTION_BIAS } from "./unfuse-attention.ts";
export { ifReadable } from "./understand.ts";
export type { Field, Span, WireReader } from "./wire-reader.ts";
