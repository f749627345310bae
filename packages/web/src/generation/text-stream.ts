/**
 * Ids to streamed text. Holds back what may still change: the bytes of an unfinished character, and
 * text that may be the beginning of a stop string.
 */

import type { TextCodec } from "../engines/runtime.ts";

/** Text that became final, and whether a stop string ended it. */
export interface TextDelta {
  readonly text: string;
  readonly isStopped: boolean;
}

/** Turns ids into text as they come. */
export interface TextStream {
  push(id: number): TextDelta;
  /** What was held back, at the end of generation. */
  flush(): TextDelta;
  /** All text so far that was given out. */
  readonly text: string;
}

export function createTextStream(codec: TextCodec, stop: readonly string[]): TextStream {
  const ids: number[] = [];
  // Ids before `start` are done with; those up to `shown` are context whose text was already taken.
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
    // U+FFFD at the end: the bytes of a character are still incomplete.
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
