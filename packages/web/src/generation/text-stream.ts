/**
 * Turns ids into streamed text. It holds back text that may still change: an incomplete character, and the possible
 * beginning of a stop string.
 */

import type { TextCodec } from "../engines/runtime.ts";

/** New text that is final, and whether a stop string ended it. */
interface TextDelta {
  readonly text: string;
  readonly isStopped: boolean;
}

/** Takes one id after the other, and returns text as soon as it is final. */
export interface TextStream {
  push(id: number): TextDelta;
  /** Returns the text that was held back, at the end of the answer. */
  flush(): TextDelta;
  /** All text that was returned so far. */
  readonly text: string;
}

export function createTextStream(codec: TextCodec, stop: readonly string[]): TextStream {
  const ids: number[] = [];
  // Ids before `start` are finished. Those up to `shown` are context whose text was returned already.
  let start = 0;
  let shown = 0;
  let text = "";
  let held = "";

  const release = (fresh: string, isLast: boolean): TextDelta => {
    held += fresh;
    const stopAt = firstStop(held, stop);
    const end = stopAt ?? (isLast ? held.length : held.length - possibleStopLength(held, stop));
    const out = held.slice(0, end);
    held = stopAt === undefined ? held.slice(end) : "";
    text += out;
    return { text: out, isStopped: stopAt !== undefined };
  };

  const decodeFresh = (isLast: boolean): string => {
    const before = codec.decode(ids.slice(start, shown));
    const after = codec.decode(ids.slice(start));
    // U+FFFD at the end means that the last character is still incomplete.
    if (!isLast && after.endsWith("\uFFFD")) return "";
    start = shown;
    shown = ids.length;
    return after.slice(before.length);
  };

  return {
    push(id) {
      ids.push(id);
      return release(decodeFresh(false), false);
    },
    flush() {
      return release(shown < ids.length ? decodeFresh(true) : "", true);
    },
    get text() {
      return text;
    },
  };
}

function firstStop(text: string, stop: readonly string[]): number | undefined {
  const found = stop.map((one) => text.indexOf(one)).filter((index) => index >= 0);
  return found.length > 0 ? Math.min(...found) : undefined;
}

/** Length of the longest end of `text` that begins a stop string. */
function possibleStopLength(text: string, stop: readonly string[]): number {
  let longest = 0;
  for (const one of stop) {
    for (let length = Math.min(one.length - 1, text.length); length > longest; length--) {
      if (one.startsWith(text.slice(text.length - length))) longest = length;
    }
  }
  return longest;
}
