/** Whether both engines compute the same: greedy text about one picture that neither has to resize. */

import { QUESTION } from "../prompts.ts";
import type { Engines, Setup } from "../session.ts";

export interface SameAnswer {
  readonly isSame: boolean;
  readonly kit: string;
  readonly transformers: string;
}

/** Both engines are loaded for `imageSize`. */
export async function compareAnswers(
  setup: Setup,
  { kit, transformers }: Engines,
  imageSize: number,
): Promise<SameAnswer> {
  const question = {
    prompt: QUESTION,
    picture: { seed: 5, size: imageSize },
    maxNewTokens: 12,
  };
  const ours = await kit.ask(question);
  const theirs = await transformers.ask(question);
  const isSame =
    ours.text.trim() === theirs.text.trim() && ours.promptTokens === theirs.promptTokens;
  setup.say(`same answer: ${isSame ? "yes" : "NO"} (${JSON.stringify([ours.text, theirs.text])})`);
  return { isSame, kit: ours.text, transformers: theirs.text };
}
