/** The kit, through its public API only. */

import {
  createVlm,
  fastvlm05b,
  smolVlm,
  type GenerateRequest,
  type Metric,
  type ModelDescriptor,
  type OpenImage,
  type SelfCheck,
  type Vlm,
  type VlmResult,
} from "@fastvlm-kit/web";
import { tinyModel } from "@fastvlm-kit/tiny";
import { tinySmolVlm } from "@fastvlm-kit/tiny/smolvlm";
import { callAtOnce } from "./ask-at-once.ts";
import type { Answer, LoadOptions, LoadReport, Question } from "./engine.ts";
import { countingName, readGpuCounts } from "./gpu-counts.ts";
import { watchLongTasks } from "./main-thread.ts";
import { drawPicture } from "./picture.ts";

/** Long enough for the slowest machine: the bench measures, it does not give up. */
const TIMEOUT_MS = 1_800_000;

/** At the side that the model was loaded for, as the other engine does it; by default SmolVLM decides by the device. */
const AS_LARGE = { detail: "high" } as const;

let vlm: Vlm | undefined;

async function load(options: LoadOptions): Promise<LoadReport> {
  const metrics: Metric[] = [];
  const model = await describe(options);
  const startedAt = performance.now();
  vlm = await createVlm({
    worker: () =>
      new Worker(new URL("./kit.worker.ts", import.meta.url), {
        type: "module",
        name: options.countsGpu ? countingName("kit") : "kit",
      }),
    model,
    device: options.device,
    wasmThreads: options.threads,
    optimize: options.runsFilesAsTheyAre === true ? "none" : "auto",
    onMetric: (metric) => metrics.push(metric),
  });
  const totalMs = performance.now() - startedAt;
  return { totalMs, variant: vlm.model.variant, stages: stagesOf(metrics) };
}

async function describe(options: LoadOptions): Promise<ModelDescriptor> {
  const { model, files, device, imageSize } = options;
  if (files === "tiny") return describeTiny(options);
  const baseUrl = `${location.origin}/models/full-size`;
  const isOurs = files === "full-size";
  const hub = {
    imageSize,
    // Random weights: no hash of the public ones is theirs.
    ...(isOurs && { revision: "full-size", baseUrl }),
  };
  const descriptor =
    model === "fastvlm-0.5b"
      ? fastvlm05b({ acceptLicense: "apple-amlr", ...hub })
      : smolVlm({ size: model === "smolvlm-256m" ? "256M" : "500M", ...hub });
  const stored = isOurs ? await fetch(`${baseUrl}/self-check-${device}.json`) : undefined;
  if (stored?.ok !== true) return descriptor; // A folder of real weights needs none.
  return { ...descriptor, selfCheck: (await stored.json()) as SelfCheck };
}

function describeTiny({ model, form, imageSize }: LoadOptions): ModelDescriptor {
  const precision = "q4";
  const tiny =
    model === "fastvlm-0.5b"
      ? tinyModel({ precision })
      : { ...tinySmolVlm({ precision }), imageSize };
  return form === "own" ? tiny : inExportersForm(tiny);
}

/** The embedded model with the files that the bench's server has of it. */
function inExportersForm(model: ModelDescriptor): ModelDescriptor {
  const files = Object.keys(model.files).map((path) => {
    const url = `${location.origin}/models/tiny/${path}`;
    return [path, { url, bytes: 1e6, isApproximate: true }] as const;
  });
  return { ...model, id: `${model.id}-exporter`, files: Object.fromEntries(files) };
}

/** Durations by name; those of the three graphs are kept apart. */
function stagesOf(metrics: readonly Metric[]): Record<string, number> {
  const stages: Record<string, number> = {};
  for (const { name, unit, value, attributes } of metrics) {
    if (unit !== "s") continue;
    const graph = attributes["vlm.graph"];
    const key = graph === undefined ? name : `${name} ${String(graph)}`;
    stages[key] = (stages[key] ?? 0) + value * 1000;
  }
  return stages;
}

async function ask(question: Question): Promise<Answer> {
  const picture = question.picture && (await drawPicture(question.picture));
  const startedAt = performance.now();
  const result = await (picture && question.keepsOpen
    ? askPhoto(picture, question)
    : collect(loaded().generate(toRequest(question, picture))));
  const { timings, tokens } = result;
  return {
    text: result.text,
    totalMs: performance.now() - startedAt,
    wasRemembered: result.cached,
    stages: {
      imageDecode: timings.imageDecodeMs,
      preprocess: timings.preprocessMs,
      vision: timings.visionMs,
      prefill: timings.prefillMs,
      decode: timings.decodeMs,
    },
    promptTokens: tokens.image + tokens.prompt,
    outputTokens: tokens.output,
  };
}

function toRequest(question: Question, picture: Blob | undefined): GenerateRequest {
  const { prompt, maxNewTokens } = question;
  return {
    prompt,
    maxNewTokens,
    ...(picture && { image: picture, ...AS_LARGE }),
    cache: question.remembers ?? false,
    timeoutMs: TIMEOUT_MS,
  };
}

async function collect(events: ReturnType<Vlm["generate"]>): Promise<VlmResult> {
  for await (const event of events) if (event.type === "done") return event.result;
  throw new Error("The stream ended without `done`");
}

let opened: { readonly picture: Blob; readonly photo: Promise<OpenImage> } | undefined;

async function askPhoto(picture: Blob, question: Question): Promise<VlmResult> {
  if (opened?.picture !== picture) {
    opened = { picture, photo: loaded().open(picture, { ...AS_LARGE, timeoutMs: TIMEOUT_MS }) };
  }
  const { prompt, ...options } = toRequest(question, undefined);
  return collect((await opened.photo).ask(prompt, options));
}

function loaded(): Vlm {
  if (!vlm) throw new Error("Call `load` first.");
  return vlm;
}

window.engine = {
  load,
  ask,
  askAtOnce: (question, callers) => callAtOnce(callers, () => ask(question)),
  gpuCounts: () => readGpuCounts("kit"),
  takeLongestTaskMs: watchLongTasks(),
  async dispose() {
    await vlm?.dispose();
    [vlm, opened] = [undefined, undefined];
  },
};
