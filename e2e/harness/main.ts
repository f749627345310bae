/** What browser tests drive: the SDK as an app would use it, on `window.kit`. */

import {
  checkSupport,
  chooseModel,
  createModelLibrary,
  createVlm,
  DownloadControl,
  fastvlm05b,
  smolVlm,
  VlmError,
  type DownloadProgress,
  type GenerateRequest,
  type Metric,
  type ModelDescriptor,
  type ModelLibrary,
  type ModelLibraryOptions,
  type Vlm,
  type VlmEvent,
  type VlmOptions,
  type VlmResult,
} from "@fastvlm-kit/web";
import { remoteNode, remoteNodes } from "@fastvlm-kit/web/remote";
import {
  builtInAlerts,
  countOf,
  createBeacon,
  createOps,
  toChromeTrace,
  type Ops,
} from "@fastvlm-kit/ops";
import { tinyModel } from "@fastvlm-kit/tiny";
import { tinySmolVlm } from "@fastvlm-kit/tiny/smolvlm";
import { drawKitImage } from "../../packages/web/test/exported-idefics3-questions.ts";
import { checkClient, checkModelLibrary } from "./contract.ts";
import { compareWithImg } from "./decoded.ts";
import { exportedSmolVlm } from "./exported-smolvlm.ts";
import { askGpuCount } from "./gpu-count.ts";
import { readNumbers } from "./numbers.ts";
import { Soak, type SoakOptions } from "./soak.ts";
// Not part of the published packages: the store's own contract, run where there is an IndexedDB.
import { stored } from "./stored.ts";
import { watchAlerts } from "./watch-alerts.ts";

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

/** The part of the platform that every worker of this page lacks from now on. */
let brokenPart: string | undefined;

function createWorker(): Worker {
  if (brokenPart !== undefined) return createFaultyWorker(brokenPart);
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
  const create = typeof options.worker === "function" ? options.worker : createWorker;
  const worker = (): Worker => {
    const worker = create();
    seen.workers.push(worker);
    return worker;
  };
  // Tabs share a worker only if the functions that create it are the same.
  worker.toString = () => String(create);
  const vlm = await createVlm({
    model: tinyModel(),
    onProgress: (progress) => seen.progress.push(progress),
    onMetric: (metric) => seen.metrics.push(metric),
    onEvent: (event) => seen.events.push(event),
    ...options,
    worker,
  });
  return { vlm, ...seen };
}

/**
 * A client that shares its model with other tabs.
 *
 * @param version clients of different versions create their workers by functions with different texts
 */
function observeShared(options: Partial<VlmOptions>, version: number): Promise<Observed> {
  const workers = {
    1: () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" }),
    2: () => new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module", name: "2" }),
  };
  return observe({ ...options, share: "tabs", worker: workers[version === 2 ? 2 : 1] });
}

const embeddedModels = { tiny: tinyModel, smolvlm: tinySmolVlm };
const loaded: Partial<Record<keyof typeof embeddedModels, Promise<Observed>>> = {};

/**
 * The client that all tests of this page share which change nothing about it. It is loaded once for each model, and
 * keeps no results. What it reported before is forgotten at each call.
 */
async function observeLoaded(model: keyof typeof embeddedModels = "tiny"): Promise<Observed> {
  const options = { model: embeddedModels[model](), cache: { maxResultBytes: 0 } };
  const seen = await (loaded[model] ??= observe(options));
  for (const list of [seen.progress, seen.metrics, seen.events]) list.length = 0;
  return seen;
}

/** Runs a stream to its end. */
async function collect(events: ReturnType<Vlm["generate"]>): Promise<VlmResult> {
  for await (const event of events) if (event.type === "done") return event.result;
  throw new Error("The stream ended without `done`");
}

/** Runs `generate` to its end. */
function ask(vlm: Vlm, request: GenerateRequest): Promise<VlmResult> {
  return collect(vlm.generate(request));
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

/** What each store fails of the contract that every store is held to. */
function checkStores(): Promise<Record<string, string[]>> {
  const worker = new Worker(new URL("./contract.worker.ts", import.meta.url), { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Record<string, string[]>>) => {
      resolve(data);
    };
    worker.onerror = ({ message }) => {
      reject(new Error(message));
    };
  });
}

/** The library of stored models, with the app's worker. */
function openLibrary(options: Partial<ModelLibraryOptions> = {}): ModelLibrary {
  return createModelLibrary({ worker: createWorker, ...options });
}

/** The same model with smaller shards, so that a few megabytes are many of them. */
async function withShards(model: ModelDescriptor, bytes: number): Promise<ModelDescriptor> {
  const files = Object.entries(model.files).map(async ([path, file]) => {
    const content = new Uint8Array(await (await fetch(file.url)).arrayBuffer());
    const sha256: string[] = [];
    for (let start = 0; start < content.length; start += bytes) {
      sha256.push(await sha256Of(content.slice(start, start + bytes)));
    }
    return [path, { ...file, shards: { bytes, sha256 } }] as const;
  });
  return { ...model, files: Object.fromEntries(await Promise.all(files)) };
}

async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Begins a soak test, which runs until it is stopped. */
async function startSoak(options: SoakOptions): Promise<Soak> {
  const soak = new Soak(options, createWorker);
  await soak.start();
  return soak;
}

const kit = {
  ask,
  askGpuCount,
  builtInAlerts,
  countOf,
  createBeacon,
  createOps,
  loadDashboard: () => import("@fastvlm-kit/ops/dashboard"),
  breakWorkers: (fault: string) => {
    brokenPart = fault;
  },
  checkClient: (kind: "real" | "fake") => checkClient(kind, createWorker),
  checkModelLibrary: (kind: "real" | "fake") => checkModelLibrary(kind, createWorker),
  checkStores,
  checkSupport,
  chooseModel,
  collect,
  compareWithImg,
  createFaultyWorker,
  createVlm,
  createWorker,
  DownloadControl,
  drawKitImage,
  exportedSmolVlm,
  failureOf,
  fastvlm05b,
  smolVlm,
  startSoak,
  fetchBlob,
  observe,
  observeLoaded,
  observeShared,
  openLibrary,
  plainPicture,
  readNumbers,
  remoteNode,
  remoteNodes,
  stored,
  timedFailureOf,
  tinyModel,
  tinySmolVlm,
  toChromeTrace,
  VlmError,
  watchAlerts,
  withShards,
};

declare global {
  interface Window {
    kit: typeof kit;
    /** The metrics that a test keeps on the page. */
    ops: Ops;
  }
}

window.kit = kit;
