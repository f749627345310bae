/** What a run's arguments mean for what is loaded and measured. */

import type { Arguments } from "./arguments.ts";
import { FULL_SIZE_MODELS } from "./full-size/models.ts";
import type { FoundGraphics } from "./graphics.ts";
import { MEASURED_MODELS } from "./models.ts";
import type { LoadOptions } from "./page/engine.ts";

/** transformers.js's best precisions for the device, on the files that the kit chooses too. */
export function loadOptions(args: Arguments, gpu: FoundGraphics | undefined): LoadOptions {
  const { dtypes } = MEASURED_MODELS[args.model];
  const onGpu = gpu?.hasFloat16 ? dtypes.float16 : dtypes.webgpu;
  return {
    model: args.model,
    files: args.files === "hub" ? "hub" : "full-size",
    form: args.form,
    device: args.device,
    imageSize: args.imageSizes[0]!,
    threads: args.threads,
    countsGpu: false,
    dtypes: args.device === "webgpu" ? onGpu : dtypes.wasm,
  };
}

/** What is counted, for each size of pictures: the embedded model, where the only GPU is one in software. */
export function countOptions(args: Arguments, gpu: FoundGraphics): LoadOptions[] {
  const options = { ...loadOptions({ ...args, device: "webgpu" }, gpu), countsGpu: true };
  const { tiny, dtypes, countedSizes } = MEASURED_MODELS[args.model];
  const isTiny = countsTiny(args, gpu);
  const sizes = isTiny ? tiny.sizes : countedSizes;
  return sizes.map((imageSize) => ({
    ...options,
    ...(isTiny && { files: "tiny", dtypes: dtypes.tiny }),
    imageSize,
  }));
}

/** A GPU in software takes minutes for a model of full size. */
function countsTiny({ device }: Arguments, { graphics }: FoundGraphics): boolean {
  return device === "wasm" || graphics === "software";
}

/** On which GPU calls are counted, and of which model. */
export function describeCounted(args: Arguments, gpu: FoundGraphics): string {
  if (!countsTiny(args, gpu)) return gpu.name;
  const { model } = args;
  const layers = FULL_SIZE_MODELS[model].size.decoder.layers;
  const { title, tiny } = MEASURED_MODELS[model];
  return `${gpu.name}, the embedded model (${tiny.layers} layers; ${title} has ${layers})`;
}

/** What the report says about the run. */
export function describeConditions(args: Arguments): Record<string, string> {
  const { model, files, form, device, threads, isQuick, imageSizes, runs } = args;
  const { title } = MEASURED_MODELS[model];
  const whose = {
    random: `${title}'s exact size, random weights`,
    hub: `the public files of ${title}`,
  };
  return {
    files: typeof files === "string" ? whose[files] : `${title} in a folder of the user's`,
    ...(form === "exporter" && { form: "as the official exporters spell the graphs" }),
    device: device === "wasm" ? `WASM, ${threads} threads` : "WebGPU",
    run: `${isQuick ? "--quick, " : ""}${imageSizes.join(", ")} px, ${runs} of each kept`,
  };
}

/** What this run does not measure, and why. */
export function listLeftOut(args: Arguments, isTimed: boolean): string[] {
  const { model, isQuick, imageSizes, rows } = args;
  if (!isTimed) return ["everything timed: the only WebGPU adapter is a software one"];
  const missing = MEASURED_MODELS[model].sizes.filter((size) => !imageSizes.includes(size));
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
