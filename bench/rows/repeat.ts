/** The same picture and question again: at once, after a reload of the page, and from twenty places. */

import type { Question } from "../page/engine.ts";
import { QUESTION } from "../prompts.ts";
import { noSamples, type EngineName, type Row } from "../row.ts";
import { median } from "../statistics.ts";
import { alternate, type Engines, type Setup } from "../session.ts";

const CALLERS = 20;

/** Other pictures that were asked about before the reload: the first call behind it finds cold code. */
const OTHER_SEEDS = [78, 79, 80, 81];

export async function measureRepeat(
  setup: Setup,
  engines: Engines,
  imageSize: number,
): Promise<Row[]> {
  const [again, reloaded, throughput, waits] = [noSamples(), noSamples(), noSamples(), noSamples()];
  const maxNewTokens = setup.isQuick ? 8 : 16;
  const group = `The same picture and question again (${maxNewTokens} tokens)`;
  const question: Question = {
    prompt: QUESTION,
    picture: { seed: 77, size: 1024 },
    maxNewTokens,
    remembers: true,
  };
  const reloadedOthers = noSamples();
  const others = (setup.isQuick ? OTHER_SEEDS.slice(0, 1) : OTHER_SEEDS).map((seed): Question => ({
    ...question,
    picture: { seed, size: 1024 },
  }));
  // Of the engine that keeps no answer each caller costs a whole generation.
  const generatingCallers = setup.isQuick ? 2 : 4;
  const callersOf = (name: EngineName): number =>
    name === "transformers" ? generatingCallers : CALLERS;

  await alternate(setup.runs + 1, async (name, round) => {
    const { totalMs } = await engines[name].ask(question);
    if (round > 0) again[name].push(totalMs);
  });
  await alternate(1, async (name) => {
    const { totalMs, waitsMs } = await engines[name].askAtOnce(question, callersOf(name));
    throughput[name].push((callersOf(name) / totalMs) * 1000);
    waits[name].push(median(waitsMs));
    setup.say(
      `${callersOf(name)} callers ${name}: ${throughput[name].at(-1)!.toFixed(2)} requests/s`,
    );
  });
  await alternate(1, async (name) => {
    if (setup.isQuick && name === "transformers") return;
    const engine = engines[name];
    if (name === "kit") for (const other of others) await engine.ask(other);
    // Milliseconds scatter more than seconds.
    for (let visit = 0; visit < (name === "kit" ? setup.runs : 1); visit++) {
      await engine.dispose();
      await engine.reload();
      await engine.load({ ...setup.load, imageSize });
      const { totalMs } = await engine.ask(question);
      reloaded[name].push(totalMs);
      setup.say(`again after a reload ${name}: ${totalMs.toFixed(1)} ms`);
      if (name === "transformers") continue;
      for (const other of others) {
        const { totalMs, wasRemembered } = await engine.ask(other);
        if (!wasRemembered) throw new Error("An answer from before the reload was not remembered.");
        reloadedOthers.kit.push(totalMs);
      }
    }
  });

  const callers = `${callersOf("kit")} callers at once`;
  const note = "transformers.js keeps no answers: each call is a generation, one after the other";
  const manyNote = `${note}; measured there with ${generatingCallers}`;
  return [
    {
      id: "again",
      title: "in the same session",
      group,
      unit: "ms",
      better: "lower",
      ...again,
      note,
    },
    {
      id: "again-reloaded",
      title: "after a reload of the page, once loaded: the first call",
      group,
      unit: "ms",
      better: "lower",
      ...reloaded,
    },
    {
      id: "again-reloaded/others",
      title: "– calls about other pictures behind it",
      group,
      unit: "ms",
      better: "lower",
      ...reloadedOthers,
    },
    {
      id: "callers",
      title: callers,
      group,
      unit: "requests/s",
      better: "higher",
      ...throughput,
      note: manyNote,
    },
    {
      id: "callers/wait",
      title: `– the middle caller's wait`,
      group,
      unit: "ms",
      better: "lower",
      ...waits,
    },
  ];
}
