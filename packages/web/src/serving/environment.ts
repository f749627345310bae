/** The features of a browser that every device of the kit needs. */

import type { VlmErrorDetails } from "../protocol/errors.ts";

type Requirement = VlmErrorDetails["environment-unsupported"]["missing"];

/** The name of each requirement, in words for users. */
export const REQUIREMENT_NAMES: Readonly<Record<Requirement, string>> = {
  worker: "Web Workers",
  "offscreen-canvas": "OffscreenCanvas",
  "wasm-simd": "WebAssembly SIMD",
};

/** Lists the requirements that this browser lacks; the list is empty if the kit can run. */
export function listMissing(): Requirement[] {
  const present: Record<Requirement, boolean> = {
    worker: typeof Worker !== "undefined",
    "offscreen-canvas": typeof OffscreenCanvas !== "undefined",
    "wasm-simd": typeof WebAssembly !== "undefined" && WebAssembly.validate(SIMD_MODULE),
  };
  return (Object.keys(present) as Requirement[]).filter((requirement) => !present[requirement]);
}

/** The smallest module with a SIMD instruction: a function of `i32.const 0; i8x16.splat; drop`. */
const SIMD_MODULE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26,
  11,
]);
