/** Text alone: how fast a prompt of some length is read, and how fast an answer comes behind it. */

import { longPrompt } from "../prompts.ts";
import { noSamples, type EngineName, type Row } from "../row.ts";
import { alternate, type Engines, type Setup } from "../session.ts";

export async function measureDecode(
  setup: Setup,
  engines: Engines,
  positions: number,
): Promise<Row[]> {
  const [decode, prefill, cpu] = [noSamples(), noSamples(), noSamples()];
  const maxNewTokens = setup.isQuick ? 9 : 33;
  let counted = 0;

  const once = async (name: EngineName, round: number): Promise<void> => {
    // Each text begins differently, so that no engine has read it before.
    const prompt = longPrompt(positions, 10 + round);
    const cpuBefore = await engines[name].cpuMs();
    const { stages, promptTokens, outputTokens } = await engines[name].ask({
      prompt,
      maxNewTokens,
    });
    const cpuMs = (await engines[name].cpuMs()) - cpuBefore;
    const tokensPerSecond = ((outputTokens - 1) / stages.decode) * 1000;
    setup.say(
      `decode at ${promptTokens} ${name}: ${tokensPerSecond.toFixed(1)} tokens/s${round === 0 ? " (warm-up, dropped)" : ""}`,
    );
    if (round === 0) return;
    counted = promptTokens;
    decode[name].push(tokensPerSecond);
    cpu[name].push(cpuMs);
    prefill[name].push((promptTokens / stages.prefill) * 1000);
  };
  await alternate(setup.runs + 1, once);

  const common = { group: "Text", unit: "tokens/s", better: "higher" } as const;
  return [
    { id: `prefill-${positions}`, title: `prefill of ${counted} positions`, ...common, ...prefill },
    {
      id: `decode-${positions}`,
      title: `decode behind ${counted} positions (${maxNewTokens} tokens)`,
      ...common,
      ...decode,
    },
    {
      id: `text-${positions}/cpu`,
      title: "– both, on the CPU, all threads",
      group: common.group,
      unit: "ms",
      better: "lower",
      ...cpu,
    },
  ];
}
