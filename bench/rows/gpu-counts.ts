/**
 * What a GPU has to be told and given, counted at WebGPU's own methods: for each decoded token, and
 * for each new picture. A GPU in software says nothing about time, but it counts right.
 */

import type { Question } from "../page/engine.ts";
import type { GpuCounts } from "../page/gpu-counts.ts";
import { longPrompt, QUESTION } from "../prompts.ts";
import { noSamples, type EngineName, type Row, type Samples } from "../row.ts";
import { alternate, type Engines, type OpenEngine, type Setup } from "../session.ts";

const NAMES: Readonly<Record<keyof GpuCounts, string>> = {
  dispatches: "dispatches",
  passes: "compute passes",
  submits: "submits",
  syncs: "waits for the GPU",
  buffersCreated: "buffers created",
  bindGroupsCreated: "bind groups created",
  pipelinesCreated: "pipelines created",
  bytesUploaded: "kB uploaded",
  bytesReadBack: "kB read back",
};

type Counted = Record<keyof GpuCounts, Samples>;
const DECODED_TOKENS = 8;

export async function countGpuCalls(setup: Setup, engines: Engines): Promise<Row[]> {
  const rows = toRows("token", "WebGPU calls for each decoded token", await countTokens(engines));
  if (setup.isQuick) return rows;
  const picture = await countPicture(engines, setup.load.imageSize);
  return [
    ...rows,
    ...toRows("picture", "WebGPU calls for a new picture, to the first token", picture),
  ];
}

async function countTokens(engines: Engines): Promise<Counted> {
  const counted = noCounts();
  const prompt = longPrompt(100, 40);
  await alternate(1, async (name) => {
    const engine = engines[name];
    // Afterwards shaders are compiled and buffers are pooled, those of a second token too.
    await engine.ask({ prompt, maxNewTokens: 2 });
    const one = await countsOf(engine, { prompt, maxNewTokens: 1 });
    const many = await countsOf(engine, { prompt, maxNewTokens: 1 + DECODED_TOKENS });
    add(counted, name, subtract(many, one), DECODED_TOKENS);
  });
  return counted;
}

async function countPicture(engines: Engines, size: number): Promise<Counted> {
  const counted = noCounts();
  await alternate(1, async (name) => {
    for (const seed of [0, 1]) {
      const question = { prompt: QUESTION, picture: { seed, size }, maxNewTokens: 1 };
      const counts = await countsOf(engines[name], question);
      if (seed > 0) add(counted, name, counts, 1); // The first one compiled the shaders.
    }
  });
  return counted;
}

async function countsOf(engine: OpenEngine, question: Question): Promise<GpuCounts> {
  const before = await engine.gpuCounts();
  await engine.ask(question);
  return subtract(await engine.gpuCounts(), before);
}

function noCounts(): Counted {
  return Object.fromEntries(Object.keys(NAMES).map((key) => [key, noSamples()])) as Counted;
}

function subtract(after: GpuCounts, before: GpuCounts): GpuCounts {
  return Object.fromEntries(
    (Object.keys(NAMES) as (keyof GpuCounts)[]).map((key) => [key, after[key] - before[key]]),
  ) as unknown as GpuCounts;
}

function add(counted: Counted, name: EngineName, counts: GpuCounts, share: number): void {
  for (const key of Object.keys(NAMES) as (keyof GpuCounts)[]) {
    counted[key][name].push(counts[key] / share / (key.startsWith("bytes") ? 1e3 : 1));
  }
}

function toRows(id: string, group: string, counted: Counted): Row[] {
  return (Object.keys(NAMES) as (keyof GpuCounts)[]).map((key) => ({
    id: `gpu-${id}/${key}`,
    title: NAMES[key],
    group,
    unit: key.startsWith("bytes") ? "kB" : "count",
    better: "lower",
    ...counted[key],
  }));
}
