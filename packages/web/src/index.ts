/**
 * FastVLM in the browser. It takes an image and a question and returns an answer, computed on the device.
 *
 * @module
 */

export { createVlm } from "./client/create-vlm.ts";
export type {
  CaptionManyOptions,
  CaptionManyProgress,
  CaptionOutcome,
  KeyedImage,
  ManyImages,
} from "./api/caption-many.ts";
export type { Check, Choice, ChoiceOptions, Score, ScoreOptions } from "./api/choices.ts";
export type { CallOptions, CaptionOptions, GenerateRequest, OpenOptions } from "./api/calls.ts";
export type { OpenImage, ImageQuestion } from "./api/open-image.ts";
export type { HealthOptions, UpdateOptions, Vlm, VlmOptions } from "./api/vlm.ts";
export type { WorkerSource } from "./api/worker-source.ts";
export type { CacheOptions } from "./api/cache-options.ts";
export type { VideoSource, Watch, WatchOptions, WatchResult } from "./api/watch.ts";
export { createModelLibrary } from "./library/model-library.ts";
export type {
  ModelLibrary,
  ModelLibraryOptions,
  OfflineDevices,
  PrepareOptions,
} from "./library/model-library.ts";
export { DownloadControl } from "./api/download-control.ts";
export { checkSupport } from "./client/check-support.ts";
export type { SupportProblem } from "./client/check-start.ts";
export type { SupportReport } from "./client/check-support.ts";
export { pinModel } from "./pins/pin-model.ts";
export type { PinModelOptions } from "./pins/pin-model.ts";
export type { ImageSource } from "./api/image-source.ts";
export type { DecodedImage, ImageDecoder, ImageDecoders } from "./api/image-decoders.ts";

export { chooseModel } from "./catalog/choose-model.ts";
export type { ModelChoice } from "./catalog/choose-model.ts";
export { fastvlm05b } from "./catalog/fastvlm-05b.ts";
export type { FastVlm05bOptions } from "./catalog/fastvlm-05b.ts";
export { smolVlm } from "./catalog/smolvlm.ts";
export type { SmolVlmOptions } from "./catalog/smolvlm.ts";
export type {
  CaptionPreset,
  ChatStyle,
  ChoiceQuestions,
  CaptionPresetName,
  Device,
  FileShards,
  GraphName,
  ModelDescriptor,
  ModelFile,
  ModelLicense,
  ModelPins,
  ModelSource,
  ModelVariant,
  SelfCheck,
} from "./protocol/model-descriptor.ts";

export { DEFAULT_IMAGE_LIMITS } from "./image/limits.ts";
export type { ImageLimits } from "./image/limits.ts";

export type {
  HealthCheck,
  HealthCheckName,
  HealthReport,
  HealthStatus,
} from "./protocol/health.ts";
export type { DurationStats, VlmStats, WorkerStats } from "./protocol/stats.ts";
export type {
  PoolLimit,
  PoolOptions,
  ScalingChange,
  ScalingOptions,
  ScalingReason,
  ScalingStatus,
} from "./protocol/scaling.ts";

export { VlmError } from "./protocol/errors.ts";
export type { StartProblem } from "./protocol/start-problem.ts";
export type { CircuitChange, CircuitStateName } from "./protocol/circuit.ts";
export type { DeviceAttempt, VlmErrorCode, VlmErrorDetails } from "./protocol/errors.ts";

export { METRIC_UNITS } from "./protocol/metric.ts";
export type { ThreadsChosen } from "./protocol/result.ts";
export type { Metric, MetricAttributes, MetricName, MetricUnit } from "./protocol/metric.ts";

export type {
  GraphForm,
  GraphReport,
  RewriteName,
  RewriteReport,
} from "./protocol/graph-report.ts";

export type { UntrustedText } from "./protocol/untrusted-text.ts";

export { CODE_CACHE } from "./protocol/storage.ts";
export type {
  DownloadOptions,
  OfflineReport,
  StorageUsage,
  StoredModel,
} from "./protocol/storage.ts";

export type {
  CallPriority,
  ChatTurn,
  AnswerFormat,
  GenerationOptions,
  JsonSchema,
  ImageDetail,
  ImageFit,
  RateLimit,
} from "./protocol/options.ts";
export type {
  DecoderForm,
  DownloadProgress,
  DownloadState,
  EndedCall,
  FallbackInfo,
  FinishReason,
  GenerateEvent,
  ImageHint,
  ImageInfo,
  ModelInfo,
  Timings,
  Confidence,
  TokenCounts,
  VlmEvent,
  VlmResult,
} from "./protocol/result.ts";
