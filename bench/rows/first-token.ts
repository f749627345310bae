/** A new picture to its first token, by the encoder's size and stage; then a second question on that picture. */

import type { Answer, Stages } from "../page/engine.ts";
import { QUESTION, SECOND_QUESTION } from "../prompts.ts";
import { noSamples, type EngineName, type Row, type Samples } from "../row.ts";
import { alternate, type Engines, type Setup } from "../session.ts";

const STAGES: Readonly<Record<Exclude<keyof Stages, "decode">, string>> = {
  imageDecode: "decode the picture",
  preprocess: "resize and normalise",
  vision: "vision encoder",
  prefill: "prefill",
};

/** Of this run: what a picture looks like must not be known from an earlier one, whose profile is used again. */
const RUN = Date.now() % 1_000_000;

/** Both engines are loaded for `imageSize`; every picture is a JPEG of 1024 px. */
export async function measureFirstToken(
  setup: Setup,
  engines: Engines,
  imageSize: number,
): Promise<Row[]> {
  const [first, second, mainThread, cpu] = [noSamples(), noSamples(), noSamples(), noSamples()];
  const stages = new Map<keyof typeof STAGES, Samples>();
  let positions = 0;

  const once = async (name: EngineName, round: number): Promise<void> => {
    const engine = engines[name];
    const question = {
      picture: { seed: RUN + 1000 * imageSize + round, size: 1024 },
      maxNewTokens: 1,
      keepsOpen: true,
    };
    const isWarmUp = round === 0;
    await engine.takeLongestTaskMs();
    const cpuBefore = await engine.cpuMs();
    // A picture that nobody has seen: every stage is part of the answer. As apps use either by default.
    const isNew = { ...question, keepsOpen: false, remembers: true };
    const answer = await engine.ask({ ...isNew, prompt: QUESTION });
    const cpuMs = (await engine.cpuMs()) - cpuBefore;
    setup.say(
      `first token ${imageSize} px ${name}: ${Math.round(answer.totalMs)} ms${isWarmUp ? " (warm-up, dropped)" : ""}`,
    );
    if (isWarmUp) return;
    await engine.ask({ ...question, prompt: QUESTION }); // Opens it, where the engine can.
    const again = await engine.ask({ ...question, prompt: SECOND_QUESTION });
    setup.say(`second question ${imageSize} px ${name}: ${Math.round(again.totalMs)} ms`);
    first[name].push(answer.totalMs);
    second[name].push(again.totalMs);
    cpu[name].push(cpuMs);
    mainThread[name].push(await engine.takeLongestTaskMs());
    positions = answer.promptTokens;
    keepStages(stages, name, answer);
  };
  await alternate(setup.runs + 1, once);

  const group = `Time to the first token, ${imageSize} px (${positions} positions)`;
  const common = { group, unit: "ms", better: "lower" } as const;
  return [
    {
      id: `first-token-${imageSize}`,
      title: "a new picture, in the page from call to answer",
      ...common,
      ...first,
    },
    { id: `first-token-${imageSize}/cpu`, title: "– on the CPU, all threads", ...common, ...cpu },
    ...[...stages].map(([stage, samples]): Row => ({
      id: `first-token-${imageSize}/${stage}`,
      title: `– ${STAGES[stage]}`,
      ...common,
      ...samples,
    })),
    {
      id: `second-question-${imageSize}`,
      title: "another question on the same picture",
      ...common,
      ...second,
    },
    {
      id: `main-thread-${imageSize}`,
      title: "longest task of the main thread meanwhile",
      ...common,
      ...mainThread,
      note: "0: none reached the 50 ms from which browsers report one",
    },
  ];
}

function keepStages(
  stages: Map<keyof typeof STAGES, Samples>,
  name: EngineName,
  answer: Answer,
): void {
  for (const stage of Object.keys(STAGES) as (keyof typeof STAGES)[]) {
    const samples = stages.get(stage) ?? noSamples();
    samples[name].push(answer.stages[stage]);
    stages.set(stage, samples);
  }
}
