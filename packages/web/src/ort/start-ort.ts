/** Starts onnxruntime-web without a model: its scripts and its WebAssembly are then loaded. */

import { loadOrt, type OrtOptions } from "./load-ort.ts";

/** @throws when the runtime's files cannot be loaded */
export async function startOrt(options: OrtOptions): Promise<void> {
  const ort = await loadOrt(options);
  // The backend starts with the first session, on whatever device.
  const session = await ort.InferenceSession.create(IDENTITY_MODEL, {
    executionProviders: ["wasm"],
  });
  await session.release();
}

/** The smallest model: `y = Identity(x)`, float32 [1], opset 13. */
const IDENTITY_MODEL = new Uint8Array([
  8, 8, 58, 55, 10, 16, 10, 1, 120, 18, 1, 121, 34, 8, 73, 100, 101, 110, 116, 105, 116, 121, 18, 1,
  103, 90, 15, 10, 1, 120, 18, 10, 10, 8, 8, 1, 18, 4, 10, 2, 8, 1, 98, 15, 10, 1, 121, 18, 10, 10,
  8, 8, 1, 18, 4, 10, 2, 8, 1, 66, 4, 10, 0, 16, 13,
]);
