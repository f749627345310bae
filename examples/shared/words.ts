/** Numbers, devices and errors as a person reads them. */

import type { Device, FallbackInfo } from "@fastvlm-kit/web";

/** Decimal megabytes, as browsers and operating systems show downloads. */
export function bytesInWords(bytes: number): string {
  const megabytes = bytes / 1e6;
  if (megabytes >= 1000) return `${(megabytes / 1000).toFixed(2)} GB`;
  return `${megabytes.toFixed(megabytes < 100 ? 1 : 0)} MB`;
}

export function millisecondsInWords(milliseconds: number): string {
  if (milliseconds >= 10_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${milliseconds.toFixed(milliseconds < 10 ? 1 : 0)} ms`;
}

/** Of a wait: rough, since it is a guess. */
export function leftInWords(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s left` : `${Math.ceil(seconds / 60)} min left`;
}

export function deviceInWords(device: Device | "remote"): string {
  if (device === "remote") return "another computer";
  return device === "webgpu" ? "GPU (WebGPU)" : "CPU (WebAssembly)";
}

export function fallbackInWords({ device, message }: FallbackInfo): string {
  return `Not on the ${device === "webgpu" ? "GPU" : "CPU"}: ${message}`;
}

/** The kit's own messages are written for users; whatever else is thrown has one too. */
export function errorInWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
