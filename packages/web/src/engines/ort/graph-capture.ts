/**
 * ONNX Runtime can capture the commands of a run for the GPU, and replay them later without the work of preparing them
 * (decisions/2026-11-25-captured-steps.md). Each capture has a number, which the options of a run name.
 */

import type { InferenceSession } from "onnxruntime-web/webgpu";

/** A run with this number is neither captured nor replayed. */
export const NOT_CAPTURED = -1;

/** @param capture the number; the first run with it is captured, and later runs with it replay the capture */
export function captureOptions(capture: number): InferenceSession.RunOptions {
  return { extra: { gpu_graph_id: String(capture) } };
}

/**
 * Session options with which the C++ part of ORT captures runs, while its JavaScript part does not know of it. If it knew,
 * it would bind the tensors of the first run for ever, and prompts, which have other shapes, would need a session and
 * weights of their own. The JavaScript part reads the option again after it has passed the options on, and reads the
 * external data in between.
 */
export function capturing(
  options: InferenceSession.SessionOptions,
): InferenceSession.SessionOptions {
  const { externalData } = options;
  let arePassedOn = false;
  return {
    ...options,
    // In this order, a mere copy of the options captures nothing, instead of capturing in both parts.
    get externalData() {
      arePassedOn = true;
      return externalData;
    },
    get enableGraphCapture() {
      return !arePassedOn;
    },
  } as InferenceSession.SessionOptions;
}
