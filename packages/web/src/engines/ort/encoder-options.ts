import type { InferenceSession } from "onnxruntime-web/webgpu";

/**
 * Options of the vision encoder's session.
 *
 * ORT's optimiser `AttentionFusion` recognises the attention of Apple's encoders as PyTorch's exporter writes it, and reads
 * its numbers as float32. Then no session can be created for a float16 encoder, on any device ("Tensor type mismatch",
 * 1.31.0-dev.20260914 and 1.32). Without the optimiser, attention is as fast
 * (decisions/2026-11-26-encoder-attention-unfused.md).
 */
export const ENCODER_OPTIONS: Pick<InferenceSession.SessionOptions, "extra"> = {
  extra: { optimization: { disable_specified_optimizers: "AttentionFusion" } },
};
