/**
 * From a cached model to a loaded one, and what it takes at most: each time in a browser process of
 * its own, with everything already in the engine's cache (the kit's IndexedDB, transformers.js's
 * Cache API).
 */

import { openChromium } from "../chromium.ts";
import type { LoadReport } from "../page/engine.ts";
import { QUESTION } from "../prompts.ts";
import { noSamples, type EngineName, type Row } from "../row.ts";
import { alternate, openEngine, type Setup } from "../session.ts";

const GROUP = "Load";

export async function measureLoad(setup: Setup): Promise<Row[]> {
  const imageSize = setup.imageSizes[0]!;
  const load = { ...setup.load, imageSize };
  const [ready, memory, firstAnswer] = [noSamples(), noSamples(), noSamples()];
  const stages = new Map<string, number[]>();

  const once = async (name: EngineName, seed: number): Promise<void> => {
    const chromium = await openChromium(setup.chromium);
    try {
      const engine = await openEngine(chromium, name);
      const report = await engine.load(load);
      ready[name].push(report.totalMs);
      if (name === "kit") keep(stages, report);
      const picture = { seed, size: imageSize };
      const { totalMs } = await engine.ask({ prompt: QUESTION, picture, maxNewTokens: 8 });
      firstAnswer[name].push(report.totalMs + totalMs);
      const bytes = await chromium.peakRendererBytes();
      if (bytes !== undefined) memory[name].push(bytes / 1e6);
      setup.say(`load ${name}: ${Math.round(report.totalMs)} ms, then ${Math.round(totalMs)} ms`);
    } finally {
      await chromium.close();
    }
  };
  await alternate(setup.isQuick ? 1 : setup.runs, once);

  return [
    {
      id: "load/ready",
      title: "cached → ready",
      group: GROUP,
      unit: "ms",
      better: "lower",
      ...ready,
      note: "in a fresh browser process; the kit's includes its device check",
    },
    ...[...stages].map(([name, kit]): Row => ({
      id: `load/${name}`,
      title: `– of the kit's: ${name}`,
      group: GROUP,
      unit: "ms",
      better: "lower",
      kit,
      transformers: [],
    })),
    {
      id: "load/first-answer",
      title: `cached → first answer (${imageSize} px, 8 tokens)`,
      group: GROUP,
      unit: "ms",
      better: "lower",
      ...firstAnswer,
    },
    {
      id: "load/memory",
      title: "peak memory of the page's process, after that answer",
      group: GROUP,
      unit: "MB",
      better: "lower",
      ...memory,
      note: "VmHWM of the renderer that holds page and worker",
    },
  ];
}

const SHOWN_STAGES =
  /^(vlm\.session\.create\.duration|vlm\.self_check\.duration|vlm\.model\.(verify|download)\.duration)/;

function keep(stages: Map<string, number[]>, report: LoadReport): void {
  for (const [name, milliseconds] of Object.entries(report.stages)) {
    if (!SHOWN_STAGES.test(name)) continue;
    const key = name.replace(/^vlm\./, "").replace(".duration", "");
    stages.set(key, [...(stages.get(key) ?? []), milliseconds]);
  }
}
