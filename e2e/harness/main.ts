/** What browser tests drive: the SDK as an app would use it, on `window.kit`. */

import {
  checkSupport,
  createVlm,
  fastvlm05b,
  VlmError,
  type DownloadProgress,
  type GenerateRequest,
  type Metric,
  type Vlm,
  type VlmEvent,
  type VlmOptions,
  type VlmResult,
} from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";
// Not part of the published packages: the store's own contract, run where there is an IndexedDB.
import { createIndexedDbStore } from "../../packages/web/src/storage/indexed-db-store.ts";
import { checkStore } from "../../packages/web/test/contracts/store.ts";

/** A client and everything that it reported. */
export interface Observed {
  readonly vlm: Vlm;
  readonly workers: Worker[];
  readonly progress: DownloadProgress[];
  readonly metrics: Metric[];
  readonly events: VlmEvent[];
}

/** An error as a test wants to see it on the other side of `evaluate`. */
export interface SeenError {
  readonly name: string;
  readonly message: string;
  readonly code: string | undefined;
  readonly details: unknown;
  readonly cause: string | undefined;
  readonly isVlmError: boolean;
  readonly isDomException: boolean;
}

function createWorker(): Worker {
  return new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" });
}

/** A worker with one part of the platform broken; see `faulty.worker.ts`. */
function createFaultyWorker(fault: string): Worker {
  return new Worker(new URL("./faulty.worker.ts", import.meta.url), {
    type: "module",
    name: fault,
  });
}

/** Creates a client on the embedded model and records what it reports. */
async function observe(options: Partial<VlmOptions> = {}): Promise<Observed> {
  const seen = {
    workers: [] as Worker[],
    progress: [] as DownloadProgress[],
    metrics: [] as Metric[],
    events: [] as VlmEvent[],
  };
  const vlm = await createVlm({
    model: tinyModel(),
    onProgress: (progress) => seen.progress.push(progress),
    onMetric: (metric) => seen.metrics.push(metric),
    onEvent: (event) => seen.events.push(event),
    ...options,
    worker: () => {
      const worker = (options.worker ?? createWorker)();
      seen.workers.push(worker);
      return worker;
    },
  });
  return { vlm, ...seen };
}

/** Runs `generate` to its end. */
async function ask(vlm: Vlm, request: GenerateRequest): Promise<VlmResult> {
  for await (const event of vlm.generate(request)) if (event.type === "done") return event.result;
  throw new Error("The stream ended without `done`");
}

/** What `work` rejects with. */
async function failureOf(work: () => Promise<unknown>): Promise<SeenError> {
  try {
    await work();
  } catch (error) {
    const { name, message, cause } = error as Error;
    return {
      name,
      message,
      code: VlmError.is(error) ? error.code : undefined,
      details: VlmError.is(error) ? error.details : undefined,
      cause: cause instanceof Error ? `${cause.name}: ${cause.message}` : undefined,
      isVlmError: VlmError.is(error),
      isDomException: error instanceof DOMException,
    };
  }
  throw new Error("Expected a rejection");
}

async function fetchBlob(url: string): Promise<Blob> {
  return (await fetch(url)).blob();
}

/** A plain picture of one colour. */
async function plainPicture(color: string, width = 256, height = 256): Promise<Blob> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  context.fillStyle = color;
  context.fillRect(0, 0, width, height);
  return canvas.convertToBlob({ type: "image/png" });
}

/** How long `work` takes to reject, and with what. */
async function timedFailureOf(
  work: () => Promise<unknown>,
): Promise<SeenError & { readonly milliseconds: number }> {
  const startedAt = performance.now();
  const error = await failureOf(work);
  return { ...error, milliseconds: performance.now() - startedAt };
}

/** What the IndexedDB store fails of the contract that every store is held to. */
function checkIndexedDbStore(): Promise<string[]> {
  return checkStore(() => createIndexedDbStore(`contract-${crypto.randomUUID()}`));
}

const kit = {
  ask,
  checkIndexedDbStore,
  checkSupport,
  createFaultyWorker,
  createVlm,
  createWorker,
  failureOf,
  fastvlm05b,
  fetchBlob,
  observe,
  plainPicture,
  timedFailureOf,
  tinyModel,
  VlmError,
};

declare global {
  interface Window {
    kit: typeof kit;
  }
}

window.kit = kit;
