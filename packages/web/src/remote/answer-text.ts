/**
 * Collects the text of an answer as it arrives, and ends it where the device would: before a stop string, at the greatest
 * number of words, or at the limit of its length, whatever the server does.
 */

import { countWords, endOnSentence, limitWords, stripLeadIn } from "../generation/sentences.ts";
import type { FinishReason } from "../protocol/result.ts";
import type { GenerateCall } from "../wire/worker-api.ts";

export interface AnswerText {
  /** Adds what came, and returns what of it is final. `hasEnded` says that the rest is not needed. */
  push(text: string): { readonly text: string; readonly hasEnded: boolean };
  /** Returns what was held back, at the end of the answer. */
  flush(): string;
  /** Why the answer was ended here; undefined if it was not. */
  readonly finishReason: FinishReason | undefined;
  /** All text that was returned. */
  readonly text: string;
}

export function createAnswerText({ stop, maxWords }: GenerateCall["generation"]): AnswerText {
  let text = "";
  let held = "";
  let finishReason: FinishReason | undefined;
  const longest = Math.max(0, ...stop.map((one) => one.length - 1));

  const isEnded = (): boolean => finishReason !== undefined;

  const release = (kept: number): string => {
    const stopAt = firstOf(held, stop);
    if (stopAt !== undefined) finishReason = "stop-string";
    const fresh = held.slice(0, stopAt ?? Math.max(0, held.length - kept));
    held = held.slice(fresh.length);
    text += fresh;
    // One word more than allowed shows that the last allowed word is complete.
    if (maxWords !== undefined && countWords(text) > maxWords) finishReason ??= "max-words";
    return fresh;
  };

  return {
    push(fresh) {
      if (isEnded()) return { text: "", hasEnded: true };
      held += fresh;
      // What may be the beginning of a stop string waits for what follows.
      return { text: release(longest), hasEnded: isEnded() };
    },
    flush: () => (isEnded() ? "" : release(0)),
    get finishReason() {
      return finishReason;
    },
    get text() {
      return text;
    },
  };
}

/** Trims captions as the device does: to whole sentences, to a number of words, and without a lead-in. */
export function polish(text: string, finishReason: FinishReason, call: Polished): string {
  const { maxWords } = call.generation;
  let polished = text.trim();
  if (maxWords !== undefined) polished = limitWords(polished, maxWords);
  else if (call.endOnSentence && finishReason !== "stop") polished = endOnSentence(polished);
  return call.stripLeadIn ? stripLeadIn(polished) : polished;
}

type Polished = Pick<GenerateCall, "endOnSentence" | "stripLeadIn" | "generation">;

function firstOf(text: string, stop: readonly string[]): number | undefined {
  const found = stop.map((one) => text.indexOf(one)).filter((index) => index >= 0);
  return found.length > 0 ? Math.min(...found) : undefined;
}
