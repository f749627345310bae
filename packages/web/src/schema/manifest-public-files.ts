/** The files of public models that the kit can use. */

/** The hub's address. */
export const HUB = "https://huggingface.co";

/** Path to size, in rounded megabytes. */
type FileMegabytes = Readonly<Record<string, number>>;

/** Apple's FastVLM-0.5B on the Hugging Face Hub. */
export const FASTVLM_REPOSITORY = "onnx-community/FastVLM-0.5B-ONNX";

/** As the repository lists them. */
export const FASTVLM_FILE_MEGABYTES: FileMegabytes = {
  "config.json": 0.01,
  "tokenizer.json": 11.4,
  "tokenizer_config.json": 0.01,
  "onnx/vision_encoder.onnx": 505,
  "onnx/vision_encoder_fp16.onnx": 253,
  "onnx/embed_tokens_fp16.onnx": 272,
  "onnx/embed_tokens_int8.onnx": 136,
  "onnx/decoder_model_merged_q4.onnx": 317,
  "onnx/decoder_model_merged_q4f16.onnx": 282,
  "onnx/decoder_model_merged_int8.onnx": 503,
};

/** The sizes of SmolVLM that the kit knows. */
export const SMOLVLM_SIZES = ["256M", "500M"] as const;

export type SmolVlmSize = (typeof SMOLVLM_SIZES)[number];

/** The repositories of SmolVLM on the Hugging Face Hub, by version. */
export const SMOLVLM_REPOSITORIES: Readonly<Record<1 | 2, Readonly<Record<SmolVlmSize, string>>>> =
  {
    1: {
      "256M": "HuggingFaceTB/SmolVLM-256M-Instruct",
      "500M": "HuggingFaceTB/SmolVLM-500M-Instruct",
    },
    2: {
      "256M": "HuggingFaceTB/SmolVLM2-256M-Video-Instruct",
      "500M": "HuggingFaceTB/SmolVLM2-500M-Video-Instruct",
    },
  };

const SMOLVLM_SMALL_FILES: FileMegabytes = {
  "config.json": 0.007,
  "generation_config.json": 0.001,
  "preprocessor_config.json": 0.001,
  "tokenizer.json": 3.5,
  "tokenizer_config.json": 0.03,
};

/**
 * Those of 256M are its first version's. Those of 500M are computed from its weights; the same formula comes within
 * 0.3 % of the sizes of 256M.
 */
export const SMOLVLM_FILE_MEGABYTES: Readonly<Record<SmolVlmSize, FileMegabytes>> = {
  "256M": {
    ...SMOLVLM_SMALL_FILES,
    "onnx/vision_encoder_q4f16.onnx": 55,
    "onnx/vision_encoder_q4.onnx": 63.8,
    "onnx/vision_encoder_int8.onnx": 94.2,
    "onnx/embed_tokens_int8.onnx": 28.4,
    "onnx/decoder_model_merged_q4f16.onnx": 77,
    "onnx/decoder_model_merged_q4.onnx": 86.6,
    "onnx/decoder_model_merged_int8.onnx": 137.2,
  },
  "500M": {
    ...SMOLVLM_SMALL_FILES,
    "onnx/vision_encoder_q4f16.onnx": 58,
    "onnx/vision_encoder_q4.onnx": 67,
    "onnx/vision_encoder_int8.onnx": 99,
    "onnx/embed_tokens_int8.onnx": 47,
    "onnx/decoder_model_merged_q4f16.onnx": 205,
    "onnx/decoder_model_merged_q4.onnx": 229,
    "onnx/decoder_model_merged_int8.onnx": 365,
  },
};

/** The files of a repository that the kit can use; those of FastVLM-0.5B where the repository is not known. */
export function listPublicFiles(repository: string): readonly string[] {
  const isSmolVlm = Object.values(SMOLVLM_REPOSITORIES).some((bySize) =>
    Object.values(bySize).includes(repository),
  );
  return Object.keys(isSmolVlm ? SMOLVLM_FILE_MEGABYTES["256M"] : FASTVLM_FILE_MEGABYTES);
}
