/** Says of a test which engines cannot run it, and why. `npm run test:browsers` counts them by their reasons. */

import type { TestDetails } from "@playwright/test";
import { CHROMIUM_TAG, type OtherEngine } from "../../tools/tested-engine.ts";

export const LIMIT = "limit";

/** Why WebKitGTK runs no test of private files; Safari writes them. */
export const NO_PRIVATE_FILES =
  "WebKitGTK 2.50 opens no private file for writing (NotSupportedError), so the weights are in IndexedDB, without a journal.";

/** Why Firefox captures no steps. */
export const NO_SUBGROUPS = "Firefox 153 has no subgroups in WebGPU, which captured steps need.";

/** For the details of a test. */
export function onlyInChromium(reason: string, ...tags: readonly `@${string}`[]): TestDetails {
  return { tag: [CHROMIUM_TAG, ...tags], annotation: { type: LIMIT, description: reason } };
}

/** For the details of a test that one of the other engines can run. */
export function notIn(
  engine: OtherEngine,
  reason: string,
  ...tags: readonly `@${string}`[]
): TestDetails {
  return { tag: [`@not-${engine}`, ...tags], annotation: { type: LIMIT, description: reason } };
}
