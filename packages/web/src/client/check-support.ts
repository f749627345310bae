/** What this browser can do and what a model would cost here, before a byte of it is fetched. */

import { filesOfVariant, type Device, type ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { DeviceAttempt } from "../protocol/errors.ts";
import { supportOptions } from "../schema/client-options.ts";
import { read } from "../schema/read.ts";
import { listCandidates } from "../serving/candidates.ts";
import { listMissing, REQUIREMENT_NAMES } from "../serving/environment.ts";

/** The answer of {@link checkSupport}. */
export interface SupportReport {
  /** Whether the model can be expected to run. The device check at load time has the last word. */
  readonly isSupported: boolean;
  /** What is missing, in words; empty when supported. */
  readonly missing: readonly string[];
  /** Devices that will be tried, in order. */
  readonly devices: readonly Device[];
  /** Devices that are out, and why. */
  readonly rejected: readonly DeviceAttempt[];
  /** Bytes of the model's files for the first device; what is cached already is not subtracted. */
  readonly downloadBytes: number;
  /** Whether `downloadBytes` is exact. */
  readonly isExact: boolean;
  /** Whether WASM may use threads: the page is cross-origin isolated. */
  readonly hasThreads: boolean;
  /** Whether files and results can outlive the session. */
  readonly hasIndexedDb: boolean;
}

interface SupportQuestion {
  readonly model: ModelDescriptor;
  readonly device?: "auto" | Device;
}

/**
 * Looks at the browser only: loads nothing, starts no worker.
 *
 * @throws {TypeError} when an option is not what it may be
 */
export async function checkSupport(given: SupportQuestion): Promise<SupportReport> {
  const { model, device = "auto" }: SupportQuestion = read(supportOptions, given, "options");
  const { candidates, rejected } = await listCandidates(model, device, false);
  const missing = [
    ...listMissing().map((requirement) => REQUIREMENT_NAMES[requirement]),
    ...(candidates.length === 0 ? rejected.map(({ message }) => message) : []),
  ];
  const variant = candidates[0]?.variant;
  const files = variant ? filesOfVariant(model, variant).map((path) => model.files[path]) : [];
  return {
    isSupported: missing.length === 0,
    missing,
    devices: candidates.map((candidate) => candidate.device),
    rejected,
    downloadBytes: files.reduce((sum, file) => sum + (file?.bytes ?? 0), 0),
    isExact: files.every((file) => file?.isApproximate !== true),
    hasThreads: globalThis.crossOriginIsolated,
    hasIndexedDb: typeof indexedDB !== "undefined",
  };
}
