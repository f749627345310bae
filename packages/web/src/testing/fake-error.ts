/** Typed errors for scripts: every code that the kit has, with details of the right form. */

import { VlmError, type VlmErrorCode, type VlmErrorDetails } from "../protocol/errors.ts";

/** Details to start from. A code that is added to the kit does not compile until it has some here. */
const DETAILS: Readonly<{ [Code in VlmErrorCode]: VlmErrorDetails[Code] }> = {
  "environment-unsupported": { missing: "offscreen-canvas" },
  "license-not-accepted": { modelId: "fake/model", license: "fake" },
  "download-failed": { url: "https://models.example/…/model.onnx", reason: "network" },
  "network-forbidden": { url: "https://models.example/…/model.onnx" },
  "model-invalid": { file: "config.json", reason: "fake" },
  "no-device": { attempts: [{ device: "wasm", reason: "session-failed", message: "A fake." }] },
  "start-failed": { phase: "wasm", reason: "error" },
  "session-failed": { device: "wasm", stage: "run", graph: "decoder" },
  "device-check-failed": { device: "webgpu", check: "features", actual: 0, limit: 0.97 },
  "device-lost": { reason: "unknown" },
  "out-of-memory": { device: "wasm" },
  "circuit-open": { device: "wasm", reason: "out-of-memory", retryAfterMs: 30_000 },
  "queue-full": { reason: "max-queue", limit: 1, waiting: 1, retryAfterMs: 1000 },
  "worker-crashed": { phase: "generate" },
  timeout: { timeoutMs: 30_000, stage: "decode" },
  "image-unsupported": { kind: "application/pdf" },
  "image-too-large": { what: "pixels", actual: 200_000_000, limit: 100_000_000 },
  "image-unreadable": { reason: "malformed" },
  "image-fetch-failed": { url: "https://images.example/…/cat.png", status: 404 },
  "context-overflow": { tokens: 9000, limit: 8192, excess: 808 },
  "node-failed": { node: "fake", reason: "network", hasText: false },
  "generation-failed": { stage: "decode" },
};

/** Every code of the kit, for tests that go through all of them. */
export const VLM_ERROR_CODES = Object.keys(DETAILS) as readonly VlmErrorCode[];

/**
 * Returns an error as the kit makes it: `VlmError.is` and `details` work as in production.
 *
 * @param details replaces some of the details that this error has otherwise
 * @example
 * const vlm = await createFakeVlm({ answer: fakeError("timeout", { stage: "vision" }) });
 */
export function fakeError<Code extends VlmErrorCode>(
  code: Code,
  details: Partial<VlmErrorDetails[Code]> = {},
): VlmError<Code> {
  const message = `A test scripted this error: \`${code}\`. No model ran.`;
  return new VlmError(code, message, { ...DETAILS[code], ...details });
}
