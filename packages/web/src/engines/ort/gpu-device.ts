/**
 * Opens the GPU for ORT. It asks for the full limits of the adapter, and leaves out a feature with which ORT computes wrong
 * numbers.
 */

import { VlmError } from "../../protocol/errors.ts";

/**
 * onnxruntime-web's flash attention is written for subgroups of at least 8 lanes. With 4 lanes, which software adapters
 * have, its results are 10 % off from the 33rd position on (decisions/2026-11-23-gpu-without-small-subgroups.md). Without
 * the feature ORT uses another kernel, which is right.
 */
const MIN_SUBGROUP_SIZE = 8;

// The limits that ORT itself asks for when it opens a GPU. A weight matrix has to fit into one binding.
const LIMITS = [
  "maxBindGroups",
  "maxBufferSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
  "maxComputeWorkgroupStorageSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** @throws {VlmError} `session-failed` when no GPU can be opened in a worker */
export async function openGpu(): Promise<GPUDevice> {
  try {
    return await inTime(requestDevice());
  } catch (cause) {
    throw new VlmError(
      "session-failed",
      "The GPU could not be opened. Update the browser or the graphics driver, or use WASM.",
      { device: "webgpu", stage: "create", graph: "vision" },
      { cause },
    );
  }
}

/** How long the browser may take to open the GPU, in milliseconds. Where its process is stuck, it never answers. */
const OPEN_MS = 30_000;

async function requestDevice(): Promise<GPUDevice> {
  const adapter = await requestAdapter();
  if (!adapter) throw new Error("No adapter in the worker");
  return adapter.requestDevice({
    requiredFeatures: featuresOf(adapter),
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
  });
}

/** A device that arrives after all is given back. */
async function inTime(opening: Promise<GPUDevice>): Promise<GPUDevice> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, OPEN_MS);
  });
  const device = await Promise.race([opening, late]);
  clearTimeout(timer);
  if (device) return device;
  opening.then((device) => {
    device.destroy();
  }, ignore);
  throw new Error(`The GPU did not open within ${String(OPEN_MS / 1000)} s`);
}

function ignore(): void {
  // It was given up already.
}

/** Describes the adapter that {@link openGpu} would open. */
export async function describeAdapter(): Promise<string> {
  const adapter = await requestAdapter();
  if (!adapter) return "no adapter";
  const { vendor, architecture, device, description } = adapter.info;
  return [vendor, architecture, device, description, featuresOf(adapter).join("+")].join("/");
}

async function requestAdapter(): Promise<GPUAdapter | null | undefined> {
  // The type says that it always exists, but some versions of Firefox and Safari have it in pages only.
  const gpu = (navigator as { gpu?: GPU }).gpu;
  return gpu?.requestAdapter({ powerPreference: "high-performance" });
}

function featuresOf({ features, info }: GPUAdapter): GPUFeatureName[] {
  const wanted: GPUFeatureName[] = ["shader-f16"];
  if (info.subgroupMinSize >= MIN_SUBGROUP_SIZE) wanted.push("subgroups");
  return wanted.filter((feature) => features.has(feature));
}
