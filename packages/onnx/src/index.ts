export {
  exportModel,
  graphKinds,
  type ExportOptions,
  type GraphKind,
  type WrittenFile,
} from "./export-model.ts";

export { visionEncoder, type VisionOptions } from "./vision-encoder.ts";
export { siglipEncoder } from "./siglip-encoder.ts";
export type { Form, FormOptions, GraphStyle, Opset } from "./form.ts";
export { embedTokens } from "./embed-tokens.ts";
export { decoder, type DecoderOptions } from "./decoder.ts";
export {
  dtypes,
  precisionOf,
  type Dtype,
  type Precision,
  type PrecisionOptions,
} from "./precision.ts";

export { readSafetensors } from "./safetensors.ts";
export { randomWeights, type RandomOptions } from "./random-weights.ts";
export { modelSizes, type FastVlmSize, type ModelSize } from "./model-sizes.ts";
export { configJson } from "./config-json.ts";
export {
  parseModelConfig,
  readModelConfig,
  type DecoderConfig,
  type ModelConfig,
  type SiglipConfig,
} from "./model-config.ts";
export { visionShapeFrom, type VisionPart, type VisionShape } from "./vision-shape.ts";
export type { Weights } from "./weights.ts";

export {
  GraphBuilder,
  type Attribute,
  type Dimension,
  type ElementType,
  type StoredTensors,
  type TensorDeclaration,
} from "./graph-builder.ts";
export { writeOnnxFile } from "./onnx-file.ts";
export { OnnxError, type OnnxErrorCode, type OnnxErrorDetails } from "./errors.ts";
