/**
 * What a model is, as plain data: where its files are, which of them each device needs, and how to
 * talk to it. A descriptor crosses to the worker by structured clone.
 */

/** Where inference runs. */
export type Device = "webgpu" | "wasm";

/** The three ONNX graphs of a FastVLM. */
export type GraphName = "vision" | "embed" | "decoder";

/** One file of a model. */
export interface ModelFile {
  /** Absolute, or relative to the page. */
  readonly url: string;
  /** Size in bytes; approximate where `isApproximate`, and then the server's length counts. */
  readonly bytes: number;
  readonly isApproximate?: boolean;
  /**
   * SHA-256 of the whole file, lower-case hex. Where it is missing the first download is trusted, its
   * hashes are recorded, and every later byte is held to them.
   */
  readonly sha256?: string;
  /** Hashes of the file's parts: damage is then found, and repaired, part by part. */
  readonly shards?: FileShards;
}

/** SHA-256 of a file's consecutive parts, lower-case hex. All parts but the last have `bytes` bytes. */
export interface FileShards {
  readonly bytes: number;
  readonly sha256: readonly string[];
}

/**
 * The branch or tag that a model comes from. Both move: before its first byte is fetched, the kit asks
 * the hub for the commit, and takes all files from there. Which commit it is, is stored, and holds until
 * the model is deleted or `updateModel` asks anew.
 */
export interface ModelSource {
  /** The hub's address, without a slash at its end. */
  readonly endpoint: string;
  /** `owner/name` */
  readonly repository: string;
  readonly revision: string;
}

/** What a repository's files are at one commit, made by `pinModel`: committed with the app's source. */
export interface ModelPins {
  /** `owner/name` on the Hugging Face Hub. */
  readonly repository: string;
  /** The commit, 40 hex digits. */
  readonly revision: string;
  /** Keyed by path in the repository. */
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

/** One set of files that runs on one kind of device. */
export interface ModelVariant {
  /** Names the precision, e.g. `fp16`; part of every cache key. */
  readonly id: string;
  readonly device: Device;
  /** GPU features without which this variant cannot run. */
  readonly requires?: readonly "shader-f16"[];
  /** Paths into {@link ModelDescriptor.files}. */
  readonly graphs: Readonly<Record<GraphName, string>>;
  /**
   * Files that a graph keeps its weights in, where it does not hold them itself: ONNX's external data, such as
   * `onnx/decoder_model_merged.onnx_data`. Paths into {@link ModelDescriptor.files}, in the folder of the graph or
   * below it. A graph that names any other file is refused.
   */
  readonly externalData?: Readonly<Partial<Record<GraphName, readonly string[]>>>;
}

/** A caption preset in the model's own words. */
export interface CaptionPreset {
  readonly prompt: string;
  readonly maxNewTokens: number;
}

/** The names of the caption presets. */
export type CaptionPresetName = "brief" | "detailed" | "alt-text";

/** The licence of a model's weights. */
export interface ModelLicense {
  /** Short id, e.g. `apple-amlr`. */
  readonly id: string;
  /** One sentence to show to the user. */
  readonly summary: string;
  readonly url?: string;
  /** Whether the app accepted it in code. Nothing is fetched before that. */
  readonly isAccepted: boolean;
}

/** A stored check of the model's own: what a device must compute before it is accepted. */
export interface SelfCheck {
  /** Asked about a synthetic image that the kit draws itself. */
  readonly prompt: string;
  /**
   * Greedy ids that the reference answered. On a device each must be nearly as likely as the
   * likeliest token of its position: other precisions may tip the balance between two that are close.
   */
  readonly expectedTokenIds: readonly number[];
  /** Every `featureStride`-th value of the image features, flattened. */
  readonly features: readonly number[];
  readonly featureStride: number;
  /** Side of the image, in pixels; default: the model's own size. A CPU needs a second for 256 at every load. */
  readonly imageSize?: number;
  /** The least cosine between `features` and the device's. */
  readonly minCosine: number;
}

/** Everything the kit needs to know about a model. */
export interface ModelDescriptor {
  readonly id: string;
  /** A commit, a version, or the name of a branch: then `source` says whose. */
  readonly revision: string;
  /** Only where `revision` can move. The addresses in `files` are those of the branch or tag. */
  readonly source?: ModelSource;
  readonly license: ModelLicense;
  /** Keyed by path in the model's repository, e.g. `onnx/vision_encoder.onnx`. */
  readonly files: Readonly<Record<string, ModelFile>>;
  /** In order of preference. */
  readonly variants: readonly ModelVariant[];
  /** Side of the square image that the encoder sees, in pixels; a multiple of 64. */
  readonly imageSize: number;
  readonly captions: Readonly<Record<CaptionPresetName, CaptionPreset>>;
  readonly selfCheck?: SelfCheck;
  /** The name of the choice that `chooseModel` made; an attribute of every metric. */
  readonly cohort?: string;
}

/** The files that every variant needs. */
export const COMMON_FILES = ["config.json", "tokenizer.json", "tokenizer_config.json"] as const;

/**
 * Files that are read where the model's descriptor lists them: more ids that end an answer, and the chat
 * template of exporters that do not put it into `tokenizer_config.json`.
 */
export const OPTIONAL_FILES = ["generation_config.json", "chat_template.jinja"] as const;

/** One that {@link OPTIONAL_FILES} names. */
export type OptionalFile = (typeof OPTIONAL_FILES)[number];

/** Whether the model has this file. */
export function hasOptionalFile({ files }: Pick<ModelDescriptor, "files">, path: OptionalFile) {
  return Object.hasOwn(files, path);
}

/** The paths of all files that a variant of the model needs. */
export function filesOfVariant(
  model: Pick<ModelDescriptor, "files">,
  { graphs, externalData = {} }: ModelVariant,
): string[] {
  return [
    ...COMMON_FILES,
    ...OPTIONAL_FILES.filter((path) => hasOptionalFile(model, path)),
    ...new Set([...Object.values(graphs), ...Object.values(externalData).flat()]),
  ];
}
