/**
 * A model's descriptor is plain data. It says where the files of the model are, which of them each device needs, and
 * how to ask the model. It crosses to the worker by structured clone.
 */

/** The families of models that this version of the kit can run. */
export const MODEL_FAMILIES = ["fastvlm", "smolvlm"] as const;

/** One that {@link MODEL_FAMILIES} names. */
export type ModelFamilyName = (typeof MODEL_FAMILIES)[number];

/** Where inference runs. */
export type Device = "webgpu" | "wasm";

/** The three ONNX graphs of a model. */
export type GraphName = "vision" | "embed" | "decoder";

/** One file of a model. */
export interface ModelFile {
  /** The address, absolute or relative to the page. */
  readonly url: string;
  /** Size in bytes. If `isApproximate`, it is an estimate for progress, and the length that the server reports counts. */
  readonly bytes: number;
  readonly isApproximate?: boolean;
  /**
   * SHA-256 of the whole file, in lower-case hex. If it is missing, the first download is trusted: its hashes are
   * recorded, and every later download has to match them.
   */
  readonly sha256?: string;
  /** Hashes of the file's parts. With them damage is found and repaired part by part. */
  readonly shards?: FileShards;
}

/** SHA-256 of a file's consecutive parts, in lower-case hex. Each part has `bytes` bytes; the last may be shorter. */
export interface FileShards {
  readonly bytes: number;
  readonly sha256: readonly string[];
}

/**
 * The branch or tag that a model comes from. Because both can move, the kit asks the hub for the commit before it
 * fetches the first byte, and takes all files from that commit. The commit is stored. It is used until the model is
 * deleted, or until `updateModel` asks the hub again.
 */
export interface ModelSource {
  /** The hub's address, without a slash at its end. */
  readonly endpoint: string;
  /** `owner/name` */
  readonly repository: string;
  readonly revision: string;
}

/** The files of a repository at one commit, with sizes and hashes. `pinModel` makes them; commit them with your app. */
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
  /** The name of the precision, such as `fp16`; a part of every cache key. */
  readonly id: string;
  readonly device: Device;
  /** GPU features without which this variant cannot run. */
  readonly requires?: readonly "shader-f16"[];
  /** Paths into {@link ModelDescriptor.files}. */
  readonly graphs: Readonly<Record<GraphName, string>>;
  /**
   * Separate files with the weights of a graph (ONNX's external data), such as `onnx/decoder_model_merged.onnx_data`.
   * Needed only for graphs that do not contain their weights. Paths into {@link ModelDescriptor.files}, in the folder of
   * the graph or below it. A graph that names any other file is refused.
   */
  readonly externalData?: Readonly<Partial<Record<GraphName, readonly string[]>>>;
}

/** How a model is asked for one kind of caption. */
export interface CaptionPreset {
  readonly prompt: string;
  readonly maxNewTokens: number;
}

/**
 * How a model is asked for one of several options. Each text has the app's words in the place of `{question}`; `choose` may
 * name the options as `{options}`, and `score` the limits as `{min}` and `{max}`.
 */
export interface ChoiceQuestions {
  /** Default: the question, and then "Answer with one of these: {options}." */
  readonly choose?: string;
  /** Default: the statement, and then "Is this true? Answer yes or no." */
  readonly check?: string;
  /** Default: the question, and then "Answer with a whole number from {min} to {max}." */
  readonly score?: string;
}

/** The names of the caption presets. */
export type CaptionPresetName = "brief" | "detailed" | "alt-text";

/** The licence of a model's weights. */
export interface ModelLicense {
  /** A short id, such as `apple-amlr`. */
  readonly id: string;
  /** One sentence to show to the user. */
  readonly summary: string;
  readonly url?: string;
  /** Whether the app accepted it in code. Nothing is fetched before that. */
  readonly isAccepted: boolean;
}

/** Expected numbers of a model. A device has to reach them before the kit accepts it. */
export interface SelfCheck {
  /** The question, asked about a synthetic image that the kit draws itself. */
  readonly prompt: string;
  /**
   * The token ids that the reference answered with greedy sampling. On a device each of them has to be nearly as likely
   * as the likeliest token of its position, because another precision may prefer one of two close tokens.
   */
  readonly expectedTokenIds: readonly number[];
  /** Every `featureStride`-th value of the image's features, in one flat list. */
  readonly features: readonly number[];
  readonly featureStride: number;
  /** Side of the image in pixels. Default: the model's own size. At 256 a CPU needs about a second, at every load. */
  readonly imageSize?: number;
  /** The least cosine between `features` and the features that the device computes. */
  readonly minCosine: number;
}

/** What models of one family write differently in a conversation. */
export interface ChatStyle {
  /** The system message of a conversation that has none of its own. Default: no message. SmolVLM never has one. */
  readonly defaultSystem?: string;
}

/** Everything that the kit needs to know about a model. */
export interface ModelDescriptor {
  readonly id: string;
  /**
   * Decides how the model's files are read, how images become tiles and prompts, and which sizes are
   * possible. Default `fastvlm`.
   */
  readonly family?: ModelFamilyName;
  /** A commit, a version, or the name of a branch or tag; for a branch or tag, `source` names the repository. */
  readonly revision: string;
  /** Given only if `revision` is a branch or a tag. The addresses in `files` are then those of the branch or tag. */
  readonly source?: ModelSource;
  readonly license: ModelLicense;
  /** Keyed by path in the model's repository, such as `onnx/vision_encoder.onnx`. */
  readonly files: Readonly<Record<string, ModelFile>>;
  /** In order of preference. */
  readonly variants: readonly ModelVariant[];
  /** The side at which images are seen with `detail: "high"`, in pixels; one that the family allows. */
  readonly imageSize: number;
  /** Side of the tiles that the family `smolvlm` cuts images into, in pixels. Default 512. FastVLM has no tiles. */
  readonly tileSize?: number;
  readonly captions: Readonly<Record<CaptionPresetName, CaptionPreset>>;
  /** For a model that was trained on other words than the defaults. */
  readonly choices?: ChoiceQuestions;
  /**
   * Says that conversations are written as the model's family writes them, and with which default system message. Needed
   * only for a model whose chat template the kit does not know: templates are programs, and are never executed.
   */
  readonly chat?: ChatStyle;
  readonly selfCheck?: SelfCheck;
  /** The name of the choice that `chooseModel` made. It becomes an attribute of every metric. */
  readonly cohort?: string;
}

/** The files that every variant needs. */
export const COMMON_FILES = ["config.json", "tokenizer.json", "tokenizer_config.json"] as const;

/**
 * Files that are read if the model's descriptor lists them. The first has more ids that end an answer, the second says how
 * images are made ready. The third has the chat template, which some exporters do not put into `tokenizer_config.json`.
 */
const OPTIONAL_FILES = [
  "generation_config.json",
  "preprocessor_config.json",
  "chat_template.jinja",
] as const;

/** The path of one of the {@link OPTIONAL_FILES}. */
export type OptionalFile = (typeof OPTIONAL_FILES)[number];

/** Whether the model's descriptor lists this file. */
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
