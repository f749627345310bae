/** What a model asks of this device, in words. Nothing is fetched for it. */

import type { ModelDescriptor, SupportReport } from "@fastvlm-kit/web";
import { bytesInWords } from "./words.ts";

export function downloadInWords({ isExact, downloadBytes }: SupportReport): string {
  return `${isExact ? "" : "about "}${bytesInWords(downloadBytes)}`;
}

export function photoFacts(
  model: ModelDescriptor,
  support: SupportReport,
): (readonly [term: string, fact: string])[] {
  if (!support.isSupported) return [];
  return [
    ["Download", `${downloadInWords(support)}, once; this browser keeps it`],
    ["Runs on", deviceOf(model, support)],
    ...(model.family === "smolvlm" ? [["Sees", tilesOf(support)] as const] : []),
  ];
}

function deviceOf(model: ModelDescriptor, { devices, variant, hasThreads }: SupportReport): string {
  if (devices[0] === "wasm") {
    const threads = hasThreads ? "" : ", on one thread";
    return `CPU (WebAssembly${threads}): works, but an answer takes a while`;
  }
  const requires = model.variants.find(({ id }) => id === variant)?.requires ?? [];
  return requires.includes("shader-f16")
    ? "GPU (WebGPU with float16)"
    : "GPU (WebGPU without float16: larger files)";
}

/** The kit's `detail: "auto"` begins with so many tiles; what it measures decides about later pictures. */
function tilesOf({ devices }: SupportReport): string {
  return devices[0] === "wasm"
    ? "one tile of 512 × 512 pixels by default: small print may be lost"
    : "up to five tiles of 512 × 512 pixels by default";
}
