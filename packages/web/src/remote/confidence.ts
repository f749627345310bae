/** How sure a remote model was of its answer, where its server gives the probabilities of tokens. */

import type { ConfidenceMeter } from "../generation/confidence.ts";
import type { ChatAnswer } from "../schema/chat-answer.ts";

type TokenLogprob = NonNullable<
  NonNullable<ChatAnswer["choices"][number]["logprobs"]>["content"]
>[number];

/** Counts the tokens of a piece of an answer. Returns how many there were. */
export function addLogprobs(
  meter: Pick<ConfidenceMeter, "add">,
  tokens: readonly TokenLogprob[] | null | undefined,
): number {
  for (const { logprob, top_logprobs } of tokens ?? []) {
    const probability = toProbability(logprob);
    const top = (top_logprobs ?? []).map((one) => toProbability(one.logprob));
    meter.add({ id: 0, probability, entropy: entropyOf(top.length > 0 ? top : [probability]) });
  }
  return tokens?.length ?? 0;
}

const toProbability = (logprob: number): number => Math.min(1, Math.max(0, Math.exp(logprob)));

/** In nats, of the likeliest tokens; all others count as one, so that this is the least that it can be. */
function entropyOf(probabilities: readonly number[]): number {
  const rest = Math.max(0, 1 - probabilities.reduce((sum, one) => sum + one, 0));
  return [...probabilities, rest].reduce(
    (sum, one) => (one > 0 ? sum - one * Math.log(one) : sum),
    0,
  );
}
