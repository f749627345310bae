/** Whether this browser can run a model, and how large the download would be. Nothing is fetched for it. */

import { filesOfVariant, type Device, type ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { DeviceAttempt } from "../protocol/errors.ts";
import { supportOptions } from "../schema/client-options.ts";
import { readModel } from "../families/read-model.ts";
import { read } from "../schema/read.ts";
import { listCandidates } from "../serving/candidates.ts";
import { listMissing, REQUIREMENT_NAMES } from "../serving/environment.ts";

/** The result of {@link checkSupport}. */
export interface SupportReport {
  /** Whether the model will probably run. The check of the device at load time decides. */
  readonly isSupported: boolean;
  /** What the browser lacks, in words; empty if the model is supported. */
  readonly missing: readonly string[];
  /** The devices that will be tried, in this order. */
  readonly devices: readonly Device[];
  /** The devices that will not be tried, and why. */
  readonly rejected: readonly DeviceAttempt[];
  /** The id of the variant that the first device gets; undefined if there is no device. */
  readonly variant: string | undefined;
  /** Bytes of the model's files for the first device. Files that are stored already are counted too. */
  readonly downloadBytes: number;
  /** Whether `downloadBytes` is exact. */
  readonly isExact: boolean;
  /** Whether WASM may use threads, which needs a page that is cross-origin isolated. */
  readonly hasThreads: boolean;
  /** Whether the browser has IndexedDB, so that files and results can be stored for later visits. */
  readonly hasIndexedDb: boolean;
}

interface SupportQuestion {
  readonly model: ModelDescriptor;
  readonly device?: "auto" | Device;
}

/**
 * Tells whether this browser can run `model`, and the size of the download. It fetches nothing and starts no worker.
 *
 * @throws {TypeError} when an option is unknown or has a value that it may not have
 * @throws {VlmError} `model-invalid`
 */
export async function checkSupport(given: SupportQuestion): Promise<SupportReport> {
  const options: SupportQuestion = read(supportOptions, given, "options");
  const { device = "auto" } = options;
  const model = readModel(options.model);
  const { candidates, rejected } = await listCandidates(model, device);
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
    variant: variant?.id,
    downloadBytes: files.reduce((sum, file) => sum + (file?.bytes ?? 0), 0),
    isExact: files.every((file) => file?.isApproximate !== true),
    hasThreads: globalThis.crossOriginIsolated,
    hasIndexedDb: typeof indexedDB !== "undefined",
  };
}
