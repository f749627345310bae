/**
 * ONNX Runtime can capture what a run tells the GPU, and replay it: the same dispatches without the work
 * of preparing them (decisions/2026-11-25-captured-steps.md). Captures are known by numbers that runs name.
 */

import type { InferenceSession } from "onnxruntime-web/webgpu";

/** A run of this number is neither captured nor replayed. */
export const NOT_CAPTURED = -1;

/** @param capture the first run of a number is captured, those behind it replay that */
export function captureOptions(capture: number): InferenceSession.RunOptions {
  return { extra: { gpu_graph_id: String(capture) } };
}

/**
 * Session options with which ORT's C++ captures runs, while its JavaScript binds the tensors of each run as
 * ever. Told of it, the JavaScript would bind the first run's tensors for good, and prompts, whose shapes
 * are others, would need a session and weights of their own. It asks again after it has passed the
 * options on, and reads the external data in between.
 */
export function capturing(
  options: InferenceSession.SessionOptions,
): InferenceSession.SessionOptions {
  const { externalData } = options;
  let arePassedOn = false;
  return {
    ...options,
    // In this order, so that a copy of the options captures nothing rather than in both.
    get externalData() {
      arePassedOn = true;
      return externalData;
    },
    get enableGraphCapture() {
      return !arePassedOn;
    },
  } as InferenceSession.SessionOptions;
}
