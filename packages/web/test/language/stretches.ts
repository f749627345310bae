/** What a model is led along: stretches of two texts, and questions with the answers of fp32. */

import type { TextCodec } from "../../src/engines/runtime.ts";
import type { Stretch } from "./measure.ts";
import { QUESTIONS, readTexts } from "./texts.ts";

/** Tokens of text before those that count, in one stretch, and those that count. */
const CONTEXT = 64;
const SCORED = 64;

/** As many tokens as a question about a picture of one tile has. */
const SPEED_CONTEXT = 81;

/** @param count stretches of each text */
export function listStretches(codec: TextCodec, count: number): Stretch[] {
  if (count === 0) return [];
  return Object.entries(readTexts()).flatMap(([text, content]) => {
    const ids = codec.encode(content);
    return Array.from({ length: count }, (_, index) => {
      const start = index * (CONTEXT + SCORED);
      const middle = start + CONTEXT;
      if (ids.length < middle + SCORED) throw new Error(`The text "${text}" is too short.`);
      const context = ids.slice(start, middle);
      return {
        name: `${text} ${String(index)}`,
        context,
        next: ids.slice(middle, middle + SCORED),
      };
    });
  });
}

/** Returns the first questions, whose answers are open. */
export function listQuestions(codec: TextCodec, count: number): Stretch[] {
  return QUESTIONS.slice(0, count).map((question, index) => ({
    name: `question ${String(index)}`,
    context: idsOfQuestion(codec, question),
  }));
}

export function speedContext(codec: TextCodec): readonly number[] {
  return codec.encode(QUESTIONS.join(" ")).slice(0, SPEED_CONTEXT);
}

/** The template as ids: its two marks are control tokens, which plain text never becomes. */
function idsOfQuestion(codec: TextCodec, question: string): number[] {
  const rendered = codec.renderChat([{ role: "user", images: 0, text: question }]);
  return rendered
    .split(/(<\|im_start\|>|<\|im_end\|>)/)
    .flatMap((part) => codec.controlId(part) ?? codec.encode(part));
}
