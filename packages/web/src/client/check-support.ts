/** Whether this browser can run a model, and how large the download would be. Nothing of the model is fetched for it. */

import { filesOfVariant, type Device, type ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { DeviceAttempt } from "../protocol/errors.ts";
import { supportOptions } from "../schema/client-options.ts";
import { readModel } from "../families/read-model.ts";
import { read } from "../schema/read.ts";
import { listCandidates } from "../serving/candidates.ts";
import type { WorkerSource } from "../api/worker-source.ts";
import { checkStart, type SupportProblem } from "./check-start.ts";
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
  /**
   * What is wrong with how the app is built or served, as far as this can be known before a load. More of it is known if
   * `worker` was given.
   */
  readonly problems: readonly SupportProblem[];
  /** Whether WASM may use threads, which needs a page that is cross-origin isolated. */
  readonly hasThreads: boolean;
  /** Whether the browser has IndexedDB, so that files and results can be stored for later visits. */
  readonly hasIndexedDb: boolean;
}

interface SupportQuestion {
  readonly model: ModelDescriptor;
  readonly device?: "auto" | Device;
  /** As for {@link createVlm}. If it is given, the worker is started, asked, and ended. */
  readonly worker?: WorkerSource;
}

/**
 * Tells whether this browser can run `model`, and the size of the download. It fetches nothing of the model. With `worker`, it
 * also tells what keeps the app's worker from starting, and what its policies forbid.
 *
 * @throws {TypeError} when an option is unknown or has a value that it may not have
 * @throws {VlmError} `model-invalid`; `worker-crashed` where a worker does not start, and nobody knows why
 */
export async function checkSupport(given: SupportQuestion): Promise<SupportReport> {
  const options: SupportQuestion = read(supportOptions, given, "options");
  const { device = "auto" } = options;
  const model = readModel(options.model);
  const { candidates, rejected } = await listCandidates(model, device);
  const start = options.worker === undefined ? undefined : await checkStart(options.worker);
  const problems = [...rejected.flatMap(toProblem), ...(start?.problems ?? [])];
  const missing = [
    ...listMissing().map((requirement) => REQUIREMENT_NAMES[requirement]),
    ...(candidates.length === 0 ? rejected.map(({ message }) => message) : []),
    ...problems.filter(({ isFatal }) => isFatal).map(({ message }) => message),
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
    problems,
    hasThreads: start?.hasThreads ?? globalThis.crossOriginIsolated,
    hasIndexedDb: typeof indexedDB !== "undefined",
  };
}

/** Only what is wrong with the page is a problem here; what the browser lacks, the app cannot mend. */
function toProblem({ reason, message }: DeviceAttempt): SupportProblem[] {
  return reason === "insecure-origin" ? [{ reason, message, isFatal: false }] : [];
}
