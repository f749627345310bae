/**
 * SHA-256 of the files of `onnx-community/FastVLM-0.5B-ONNX` as its pages on the hub showed them, at the
 * repository's state of 2 September 2025 (vision: commit 05e9737). Nobody has downloaded them for this
 * list: they are the hashes that the hub reports. For files that are not in the list no hash was seen. Hashes of
 * versions that were replaced later are left out.
 */

/** Path to SHA-256, lower-case hex. */
export const KNOWN_SHA256: Readonly<Record<string, string>> = {
  "onnx/decoder_model_merged_fp16.onnx":
    "0b79527daab2ac1566e1a5e3947c0839e2aa5e82ee2cce2d5bb1c6b7f3d27b21",
  "onnx/decoder_model_merged_int8.onnx":
    "93ee4552127e1c12549b0b931fb6cf90e0d794faedfe5e56b8b5b90f04e63979",
  "onnx/decoder_model_merged_q4.onnx":
    "d4efcd943ec6bc3e0ddbcd2022330a563243ec9a648fb05a616b201d5a8c43a5",
  "onnx/decoder_model_merged_uint8.onnx":
    "0fd14a3135022c608ec9d4c049509759bd56d0cc621858c3fffa6e5b765627c1",
  "onnx/embed_tokens.onnx": "02105811e271952ba2db0ca34de56bc3f28789f3bcf80a00651c965b25c43d95",
  "onnx/embed_tokens_int8.onnx": "a51d36f1f40fd9e41b86b50d6411c6e6ab8ba0131060532f906344577a75f542",
  "onnx/embed_tokens_q4f16.onnx":
    "11977cd93de6dd0445cbafd8975af743fccdd38be5b58bcc5e253dfbbd0c0074",
  "onnx/vision_encoder_q4.onnx": "596db77eade9ef2373f13a7142cef52c64ee18effcf7555a82e89d657be9ffff",
  "onnx/vision_encoder_uint8.onnx":
    "876800e0ef020ea7148afaabd1c95a1092ba3afec7f70860460d724f4b0a086f",
};
