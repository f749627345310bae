/** What a run's arguments mean for what is loaded and measured. */

import type { Arguments } from "./arguments.ts";
import type { FoundGraphics } from "./graphics.ts";
import type { LoadOptions } from "./page/engine.ts";

/** transformers.js's best precisions for the device, on the files that the kit chooses too. */
export function loadOptions(args: Arguments, gpu: FoundGraphics | undefined): LoadOptions {
  const onGpu = gpu?.hasFloat16
    ? { vision: "fp16", embed: "fp16", decoder: "q4f16" }
    : { vision: "fp32", embed: "int8", decoder: "q4" };
  return {
    model: args.model === "hub" ? "hub" : "full-size",
    form: args.form,
    device: args.device,
    imageSize: 256,
    threads: args.threads,
    countsGpu: false,
    dtypes: args.device === "webgpu" ? onGpu : { vision: "fp32", embed: "int8", decoder: "int8" },
  };
}

/** What is counted: the embedded model, where the only GPU is one in software. */
export function countOptions(args: Arguments, gpu: FoundGraphics): LoadOptions {
  const options = { ...loadOptions({ ...args, device: "webgpu" }, gpu), countsGpu: true };
  if (args.device === "webgpu" && gpu.graphics === "hardware") return options;
  return { ...options, model: "tiny", dtypes: { vision: "fp32", embed: "fp32", decoder: "q4" } };
}

/** What the report says about the run. */
export function describeConditions({
  model,
  form,
  device,
  threads,
  isQuick,
  imageSizes,
  runs,
}: Arguments): Record<string, string> {
  const files = {
    "full-size": "FastVLM-0.5B's exact size, random weights",
    hub: "the public files",
  };
  return {
    files: typeof model === "string" ? files[model] : "a folder of the user's",
    ...(form === "exporter" && { form: "as the official exporters spell the graphs" }),
    device: device === "wasm" ? `WASM, ${threads} threads` : "WebGPU",
    run: `${isQuick ? "--quick, " : ""}${imageSizes.join(", ")} px, ${runs} of each kept`,
  };
}

/** What this run does not measure, and why. */
export function listLeftOut({ isQuick, imageSizes, rows }: Arguments, isTimed: boolean): string[] {
  if (!isTimed) return ["everything timed: the only WebGPU adapter is a software one"];
  const missing = [1024, 512, 256].filter((size) => !imageSizes.includes(size));
  return [
    ...(missing.length > 0 ? [`pictures of ${missing.join(" and ")} px`] : []),
    ...(isQuick
      ? [
          "text of 1000 positions",
          "whether both engines answer alike",
          "WebGPU calls for a picture",
          "transformers.js after a reload: it keeps no answers, so that it is a new picture again",
        ]
      : []),
    ...(rows ? [`all groups but ${rows.join(", ")}`] : []),
  ];
}
