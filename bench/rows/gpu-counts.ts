/**
 * What a GPU has to be told and given, counted at WebGPU's own methods: for each decoded token, and
 * for each new picture. A GPU in software says nothing about time, but it counts right.
 */

import type { GpuCounts } from "../page/gpu-counts.ts";
import { longPrompt, QUESTION } from "../prompts.ts";
import { noSamples, type EngineName, type Row, type Samples } from "../row.ts";
import { alternate, type Engines, type Setup } from "../session.ts";

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
  const [token, picture] = [noCounts(), noCounts()];
  await alternate(2, async (name, round) => {
    const engine = engines[name];
    const countsOf = async (work: () => Promise<unknown>): Promise<GpuCounts> => {
      const before = await engine.gpuCounts();
      await work();
      return subtract(await engine.gpuCounts(), before);
    };
    // Both asked the same before: shaders are compiled and buffers are pooled by the second round.
    const prompt = longPrompt(100, 40);
    const one = await countsOf(() => engine.ask({ prompt, maxNewTokens: 1 }));
    const many = await countsOf(() => engine.ask({ prompt, maxNewTokens: 1 + DECODED_TOKENS }));
    const seen = await countsOf(() =>
      engine.ask({
        prompt: QUESTION,
        picture: { seed: round, size: setup.load.imageSize },
        maxNewTokens: 1,
      }),
    );
    setup.say(
      `counted ${name}: ${(many.dispatches - one.dispatches) / DECODED_TOKENS} dispatches a token`,
    );
    if (round === 0) return;
    add(token, name, subtract(many, one), DECODED_TOKENS);
    add(picture, name, seen, 1);
  });
  return [
    ...toRows("token", "WebGPU calls for each decoded token", token),
    ...toRows("picture", "WebGPU calls for a new picture, to the first token", picture),
  ];
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
