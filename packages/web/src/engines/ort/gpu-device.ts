/**
 * The GPU that ORT computes on, opened by us: with the adapter's full limits, and without a feature
 * that ORT would use wrongly.
 */

import { VlmError } from "../../protocol/errors.ts";

/**
 * onnxruntime-web's flash attention is written for subgroups of 8 lanes or more; on 4, as software
 * adapters have, it is 10 % off from the 33rd position on (decisions/2026-11-23-gpu-without-small-subgroups.md). Without the
 * feature ORT takes another kernel, which is right.
 */
const MIN_SUBGROUP_SIZE = 8;

// What ORT itself asks for when it opens a GPU; a weight matrix must fit one binding.
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

/** @throws {VlmError} `session-failed` when there is no GPU to open from a worker */
export async function openGpu(): Promise<GPUDevice> {
  try {
    const adapter = await requestAdapter();
    if (!adapter) throw new Error("No adapter in the worker");
    return await adapter.requestDevice({
      requiredFeatures: featuresOf(adapter),
      requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
    });
  } catch (cause) {
    throw new VlmError(
      "session-failed",
      "The GPU could not be opened. Update the browser or the graphics driver, or use WASM.",
      { device: "webgpu", stage: "create", graph: "vision" },
      { cause },
    );
  }
}

/** What is known of the adapter that {@link openGpu} would open. */
export async function describeAdapter(): Promise<string> {
  const adapter = await requestAdapter();
  if (!adapter) return "no adapter";
  const { vendor, architecture, device, description } = adapter.info;
  return [vendor, architecture, device, description, featuresOf(adapter).join("+")].join("/");
}

async function requestAdapter(): Promise<GPUAdapter | null | undefined> {
  // Typed as always there; Firefox and Safari have had versions with it on the page only.
  const gpu = (navigator as { gpu?: GPU }).gpu;
  return gpu?.requestAdapter({ powerPreference: "high-performance" });
}

function featuresOf({ features, info }: GPUAdapter): GPUFeatureName[] {
  const wanted: GPUFeatureName[] = ["shader-f16"];
  if (info.subgroupMinSize >= MIN_SUBGROUP_SIZE) wanted.push("subgroups");
  return wanted.filter((feature) => features.has(feature));
}
