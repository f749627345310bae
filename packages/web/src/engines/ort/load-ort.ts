/**
 * Loads onnxruntime-web in the build that the device needs. The build for WASM has 14 MB. For WebGPU there are two: 17 MB
 * if the browser can suspend WebAssembly (JSPI), and 27 MB if the build has to do that itself (asyncify).
 */

import { VlmError } from "../../protocol/errors.ts";
import type { Device } from "../../protocol/model-descriptor.ts";
import type { RuntimeFiles } from "./runtime-files.ts";
import type { OrtBuild, OrtModule, OrtSource } from "./ort-source.ts";
import { startFailed } from "./start-failed.ts";
import { whyNotStarted } from "./why-not-started.ts";

export interface OrtOptions {
  readonly device: Device;
  /** The number of threads; 0 means as many as the browser and the isolation of the page allow. */
  readonly wasmThreads: number;
  readonly source: OrtSource;
}

// More than four threads bring nothing, because the matrices of one token are too small to share.
const MAX_DEFAULT_THREADS = 4;

/** @throws {VlmError} `start-failed` in phase `script`; `no-device` if the worker has no build for the device */
export async function loadOrt(options: OrtOptions): Promise<OrtModule> {
  const { device, source } = options;
  const ort = await importOrt(source, requireBuild(source, device)).catch(
    async (cause: unknown) => {
      if (VlmError.is(cause)) throw cause;
      throw (await whyNotStarted({ phase: "script", cause })) ?? startFailed("script", cause);
    },
  );
  ort.env.logLevel = "error";
  ort.env.wasm.proxy = false; // ORT need not start a worker of its own, because this is a worker.
  ort.env.wasm.numThreads = options.wasmThreads > 0 ? options.wasmThreads : defaultThreads();
  // Undefined means ORT's own default: the files that the bundler put beside the script. It is set anyway, for an app that
  // has transformers.js in the same worker, which sets it to a CDN when it is imported.
  (ort.env.wasm as { wasmPaths: RuntimeFiles | undefined }).wasmPaths =
    source.files ?? filesOfOtherOrigin(ort);
  return ort;
}

/** @throws {VlmError} `no-device` if the worker does not have this build */
export async function importOrt({ builds }: OrtSource, build: OrtBuild): Promise<OrtModule> {
  const load = builds[build];
  if (!load) throw noBuild(build === "wasm" ? "wasm" : "webgpu");
  return load();
}

/** Chooses the build for a device in this browser. Undefined if the worker has none that can run there. */
export function chooseBuild({ builds, files }: OrtSource, device: Device): OrtBuild | undefined {
  if (device === "wasm") return builds.wasm && "wasm";
  // Files that are named one by one belong to the build that runs in every browser, if the worker has it.
  const isFree = typeof files !== "object" || !builds.asyncify;
  if (isFree && builds.jspi && "Suspending" in WebAssembly) return "jspi";
  return builds.asyncify && "asyncify";
}

/**
 * The same, where the device was chosen already.
 *
 * @throws {VlmError} `no-device`
 */
export function requireBuild(source: OrtSource, device: Device): OrtBuild {
  const build = chooseBuild(source, device);
  if (!build) throw noBuild(device);
  return build;
}

function noBuild(device: Device): VlmError<"no-device"> {
  const message = `This worker has no build of onnxruntime for ${device} in this browser.`;
  return new VlmError(
    "no-device",
    `${message} Take another entry of the worker, \`@fastvlm-kit/web/worker\` for all devices and browsers.`,
    { attempts: [{ device, reason: "no-engine", message }] },
  );
}

/**
 * The files of a build that is on another origin than this worker's page. Browsers start no threads from there, so ORT takes
 * its glue code from a file of its own, whose name bundlers change.
 *
 * @returns undefined where ORT finds them by itself
 */
function filesOfOtherOrigin({ toFiles }: OrtModule): RuntimeFiles | undefined {
  try {
    const files = toFiles?.();
    if (!files || !/^https?:/.test(files.mjs)) return undefined; // Without a bundler, or in Node.
    return new URL(files.mjs).origin === self.location.origin ? undefined : files;
  } catch {
    return undefined; // A script that knows no address of its own, because bundlers have merged it into another one.
  }
}

/** The number of threads where nothing is known of them. Threads need shared memory, which needs cross-origin isolation. */
export function defaultThreads(): number {
  return self.crossOriginIsolated
    ? Math.min(navigator.hardwareConcurrency, MAX_DEFAULT_THREADS)
    : 1;
}
