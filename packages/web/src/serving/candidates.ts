/** Lists which devices to try with which files, in order, and why other devices are not tried. */

import type { DeviceAttempt } from "../protocol/errors.ts";
import type { Device, ModelDescriptor, ModelVariant } from "../protocol/model-descriptor.ts";

export interface Candidate {
  readonly device: Device;
  readonly variant: ModelVariant;
}

export interface Candidates {
  readonly candidates: readonly Candidate[];
  /** Devices that are turned down before anything is started. */
  readonly rejected: readonly DeviceAttempt[];
}

/** What the browser tells about its GPU. */
type GpuProbe =
  | {
      readonly isAvailable: true;
      readonly features: ReadonlySet<string>;
      readonly isSoftware: boolean;
    }
  | {
      readonly isAvailable: false;
      readonly reason: "no-webgpu" | "no-adapter" | "insecure-origin";
      readonly message: string;
    };

/** Why a device must not be tried now, although the browser has it; undefined if it may be. */
export type WhyNot = (device: Device) => Omit<DeviceAttempt, "device"> | undefined;

/** Whether a page ended with these files on this device, so that others are taken if there are any. */
export type IsSuspect = (device: Device, variant: string) => boolean;

/** @param whyNot what earlier starts taught about the devices */
export async function listCandidates(
  model: ModelDescriptor,
  wanted: "auto" | Device,
  whyNot: WhyNot = () => undefined,
  isSuspect: IsSuspect = () => false,
): Promise<Candidates> {
  const candidates: Candidate[] = [];
  const rejected: DeviceAttempt[] = [];
  const add = (device: Device, choice: Choice): void => {
    if ("variant" in choice) candidates.push({ device, variant: choice.variant });
    else rejected.push({ device, ...choice });
  };
  const gpuFault = wanted === "wasm" ? undefined : whyNot("webgpu");
  if (wanted !== "wasm") {
    add("webgpu", gpuFault ?? chooseGpuVariant(model, await probeGpu(), wanted, isSuspect));
  }
  // Where the GPU is left alone, the session goes on with WASM, even if the app asked for WebGPU.
  if (wanted !== "webgpu" || gpuFault)
    add("wasm", whyNot("wasm") ?? chooseWasmVariant(model, isSuspect));
  return { candidates, rejected };
}

type Choice = { readonly variant: ModelVariant } | Omit<DeviceAttempt, "device">;

function chooseWasmVariant({ variants }: ModelDescriptor, isSuspect: IsSuspect): Choice {
  const variant = chooseVariant(
    variants.filter(({ device }) => device === "wasm"),
    isSuspect,
  );
  return variant
    ? { variant }
    : { reason: "no-variant", message: "The model has no files for WASM." };
}

/** Asks for a GPU adapter in the page. This is cheaper than finding out in a worker that has loaded half a gigabyte. */
async function probeGpu(): Promise<GpuProbe> {
  // The type says that it always exists, but it does not.
  const gpu = (navigator as { gpu?: GPU }).gpu;
  if (!gpu) {
    return isInsecure()
      ? { isAvailable: false, reason: "insecure-origin", message: INSECURE_ORIGIN }
      : { isAvailable: false, reason: "no-webgpu", message: "This browser has no WebGPU." };
  }
  try {
    const adapter = await within(gpu.requestAdapter(), ADAPTER_MS);
    if (adapter) {
      return {
        isAvailable: true,
        features: adapter.features,
        // In Safari 26 `info` is missing on some objects that have it in the specification.
        isSoftware: (adapter.info as GPUAdapterInfo | undefined)?.isFallbackAdapter ?? false,
      };
    }
  } catch {
    // Some drivers throw here, although the specification asks for null.
  }
  return {
    isAvailable: false,
    reason: "no-adapter",
    message: "WebGPU found no usable graphics adapter.",
  };
}

/**
 * How long the browser may look for an adapter, in milliseconds. That takes it a fraction of a second, and it never answers
 * where the process for the GPU is stuck.
 */
const ADAPTER_MS = 15_000;

/** What `work` resolves to; undefined if it does not in time. */
async function within<T>(work: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether the page came over http from another machine. Node is no page. */
function isInsecure(): boolean {
  return (globalThis as { isSecureContext?: boolean }).isSecureContext === false;
}

const INSECURE_ORIGIN =
  "This page came over http, and browsers have WebGPU and threads on secure pages only. Serve it over https, or from localhost.";

/**
 * Returns the first variant whose requirements the GPU meets. A software adapter is many times slower than WASM on the
 * same cores, so it is taken only if the app asked for WebGPU.
 */
function chooseGpuVariant(
  model: ModelDescriptor,
  gpu: GpuProbe,
  wanted: "auto" | Device,
  isSuspect: IsSuspect,
): Choice {
  if (!gpu.isAvailable) return { reason: gpu.reason, message: gpu.message };
  if (gpu.isSoftware && wanted === "auto") return SOFTWARE_ADAPTER;
  const variant = chooseVariant(
    model.variants.filter(
      ({ device, requires }) =>
        device === "webgpu" && (requires ?? []).every((feature) => gpu.features.has(feature)),
    ),
    isSuspect,
  );
  return variant
    ? { variant }
    : { reason: "no-variant", message: "The model has no files for this GPU." };
}

/** The first variant that is not suspect. If all are, the first one. */
function chooseVariant(
  variants: readonly ModelVariant[],
  isSuspect: IsSuspect,
): ModelVariant | undefined {
  return variants.find(({ id, device }) => !isSuspect(device, id)) ?? variants[0];
}

const SOFTWARE_ADAPTER = {
  reason: "software-adapter",
  message: "This browser's only graphics adapter is a software one, slower than WASM.",
} as const;
