/** What is asked. */

export const QUESTION = "Describe this image in detail.";
export const SECOND_QUESTION = "What is the largest shape?";

/** Of the template and the sentence around the filler, in tokens. */
const FRAME_TOKENS = 33;
const FILLER = "The quick brown fox jumps over the lazy dog. ";
const FILLER_TOKENS = 10;

/** A text that makes a prompt of about `positions` tokens; `salt` makes it begin like no other. */
export function longPrompt(positions: number, salt: number): string {
  const repetitions = Math.max(0, Math.round((positions - FRAME_TOKENS) / FILLER_TOKENS));
  return `${salt} is the number of this text. ${FILLER.repeat(repetitions)}What does it say?`;
}
