/** Both engines, loaded, in one Chromium; or one of them in a Chromium of its own. */

import type { Page } from "@playwright/test";
import { openChromium, type Chromium, type ChromiumOptions } from "./chromium.ts";
import type { Answer, Engine, LoadOptions, LoadReport, Question } from "./page/engine.ts";
import type { GpuCounts } from "./page/gpu-counts.ts";
import { ENGINE_NAMES, type EngineName } from "./row.ts";

/** What the rows need: how often to measure, on what, and how to open it. */
export interface Setup {
  readonly chromium: ChromiumOptions;
  readonly load: LoadOptions;
  /** Sides of the encoder's square, from large to small. */
  readonly imageSizes: readonly number[];
  /** Measurements of each quantity that are kept. */
  readonly runs: number;
  readonly isQuick: boolean;
  readonly say: (line: string) => void;
}

/** One engine's page, as seen from here. */
export interface OpenEngine {
  readonly name: EngineName;
  load(options: LoadOptions): Promise<LoadReport>;
  ask(question: Question): Promise<Answer>;
  askAtOnce(question: Question, callers: number): ReturnType<Engine["askAtOnce"]>;
  gpuCounts(): Promise<GpuCounts>;
  takeLongestTaskMs(): Promise<number>;
  /** Time on the CPU so far of all pages together: only one is at work at a time. */
  cpuMs(): Promise<number>;
  dispose(): Promise<void>;
  /** A fresh page; what it had cached is still there. */
  reload(): Promise<void>;
}

export async function openEngine(chromium: Chromium, name: EngineName): Promise<OpenEngine> {
  const page = await chromium.open(name);
  /** Chromium gives the processes of hidden pages less of the CPU: whoever is measured is in front. */
  const inFront = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await page.bringToFront();
    return work();
  };
  return {
    name,
    load: (options) =>
      inFront(() => page.evaluate((options) => window.engine.load(options), options)),
    ask: (question) =>
      inFront(() => page.evaluate((question) => window.engine.ask(question), question)),
    askAtOnce: (question, callers) =>
      inFront(() =>
        page.evaluate(({ question, callers }) => window.engine.askAtOnce(question, callers), {
          question,
          callers,
        }),
      ),
    gpuCounts: () => page.evaluate(() => window.engine.gpuCounts()),
    takeLongestTaskMs: () => page.evaluate(() => window.engine.takeLongestTaskMs()),
    cpuMs: () => chromium.rendererCpuMs(),
    dispose: () => page.evaluate(() => window.engine.dispose()),
    reload: () => inFront(() => reload(page)),
  };
}

async function reload(page: Page): Promise<void> {
  await page.reload();
  await page.waitForFunction(() => "engine" in window);
}

export type Engines = Readonly<Record<EngineName, OpenEngine>>;

export async function openBoth(setup: Setup): Promise<{ chromium: Chromium; engines: Engines }> {
  const chromium = await openChromium(setup.chromium);
  const [kit, transformers] = [
    await openEngine(chromium, "kit"),
    await openEngine(chromium, "transformers"),
  ];
  return { chromium, engines: { kit, transformers } };
}

/** Runs `work` on both engines `times` times, the other one first each time. */
export async function alternate(
  times: number,
  work: (name: EngineName, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < times; round++) {
    const order = round % 2 === 0 ? ENGINE_NAMES : [...ENGINE_NAMES].reverse();
    for (const name of order) await work(name, round);
  }
}
