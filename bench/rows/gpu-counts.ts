/**
 * What a GPU has to be told and given, counted at WebGPU's own methods: for each decoded token, and
 * for each new picture. A GPU in software says nothing about time, but it counts right.
 */

import type { Question } from "../page/engine.ts";
import type { GpuCounts } from "../page/gpu-counts.ts";
import { longPrompt, QUESTION } from "../prompts.ts";
import { noSamples, type EngineName, type Row, type Samples } from "../row.ts";
import { alternate, type Engines, type OpenEngine } from "../session.ts";

/** What WebGPU is told, and what telling it costs the page's process; the GPU's own work is not in it. */
interface Counts extends GpuCounts {
  readonly cpuMs: number;
}

const NAMES: Readonly<Record<keyof Counts, string>> = {
  dispatches: "dispatches",
  passes: "compute passes",
  submits: "submits",
  syncs: "waits for the GPU",
  buffersCreated: "buffers created",
  bindGroupsCreated: "bind groups created",
  pipelinesCreated: "pipelines created",
  bytesUploaded: "kB uploaded",
  bytesReadBack: "kB read back",
  cpuMs: "the page's process, on the CPU",
};
const KEYS = Object.keys(NAMES) as (keyof Counts)[];

type Counted = Record<keyof Counts, Samples>;
const DECODED_TOKENS = 8;

export async function countTokenCalls(engines: Engines): Promise<Row[]> {
  const counted = noCounts();
  const prompt = longPrompt(100, 40);
  await alternate(1, async (name) => {
    const engine = engines[name];
    const answer = { prompt, maxNewTokens: 1 + DECODED_TOKENS };
    await engine.ask(answer); // Afterwards shaders are compiled, and buffers are pooled.
    const one = await countsOf(engine, { prompt, maxNewTokens: 1 });
    const many = await countsOf(engine, answer);
    add(counted, name, subtract(many, one), DECODED_TOKENS);
  });
  return toRows("token", "WebGPU calls for each decoded token", counted);
}

/** Both engines are loaded for `size`. */
export async function countPictureCalls(engines: Engines, size: number): Promise<Row[]> {
  const counted = noCounts();
  await alternate(1, async (name) => {
    for (const seed of [0, 1]) {
      const question = { prompt: QUESTION, picture: { seed, size }, maxNewTokens: 1 };
      const counts = await countsOf(engines[name], question);
      if (seed > 0) add(counted, name, counts, 1); // The first one compiled the shaders.
    }
  });
  const group = `WebGPU calls for a new picture of ${size} px, to the first token`;
  return toRows(`picture-${size}`, group, counted);
}

async function countsOf(engine: OpenEngine, question: Question): Promise<Counts> {
  const read = async (): Promise<Counts> => ({
    ...(await engine.gpuCounts()),
    cpuMs: await engine.cpuMs(),
  });
  const before = await read();
  await engine.ask(question);
  return subtract(await read(), before);
}

function noCounts(): Counted {
  return Object.fromEntries(KEYS.map((key) => [key, noSamples()])) as Counted;
}

function subtract(after: Counts, before: Counts): Counts {
  return Object.fromEntries(
    KEYS.map((key) => [key, after[key] - before[key]]),
  ) as unknown as Counts;
}

function add(counted: Counted, name: EngineName, counts: Counts, share: number): void {
  for (const key of KEYS) {
    counted[key][name].push(counts[key] / share / (unitOf(key) === "kB" ? 1e3 : 1));
  }
}

function toRows(id: string, group: string, counted: Counted): Row[] {
  return KEYS.map((key) => ({
    id: `gpu-${id}/${key}`,
    title: NAMES[key],
    group,
    unit: unitOf(key),
    better: "lower",
    ...counted[key],
  }));
}

function unitOf(key: keyof Counts): "ms" | "kB" | "count" {
  if (key === "cpuMs") return "ms";
  return key.startsWith("bytes") ? "kB" : "count";
}
