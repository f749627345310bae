/** The public FastVLM-0.5B's files that the kit can use. */

/** The repository on the Hugging Face Hub. */
export const PUBLIC_REPOSITORY = "onnx-community/FastVLM-0.5B-ONNX";

/** The hub's address. */
export const HUB = "https://huggingface.co";

/** Path to size, in the rounded megabytes that the repository lists. */
export const PUBLIC_FILE_MEGABYTES: Readonly<Record<string, number>> = {
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
