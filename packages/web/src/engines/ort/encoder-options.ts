import type { InferenceSession } from "onnxruntime-web/webgpu";

/**
 * Options of the vision encoder's session.
 *
 * ORT's `AttentionFusion` knows the attention of Apple's encoders as PyTorch's exporter writes it, and takes its numbers
 * for float32: a float16 encoder then has no session, on any device ("Tensor type mismatch", 1.31.0-dev.20260914 and
 * 1.32). Left as products, attention loses nothing (decisions/2026-11-26-encoder-attention-unfused.md).
 */
export const ENCODER_OPTIONS: Pick<InferenceSession.SessionOptions, "extra"> = {
  extra: { optimization: { disable_specified_optimizers: "AttentionFusion" } },
};
