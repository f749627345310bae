/** Holds an answer to a format: the entry of this room, which is loaded when the first call asks for one. */

import { WrongArgument } from "../protocol/wrong-argument.ts";
import type { TextCodec } from "../engines/runtime.ts";
import type { AnswerConstraint } from "../generation/constraint.ts";
import type { ResolvedFormat } from "../protocol/options.ts";
import { escape, patternOfSchema } from "./json-schema.ts";
import { createMatcher, type Matcher } from "./matcher.ts";
import { readPattern } from "./pattern.ts";

/**
 * @param prefix what the model's answers begin with; it may stand before the format, and is removed from the text
 * @param room the greatest length of the answer, in tokens
 * @throws {TypeError} when the format is not understood, or does not fit into so many tokens
 */
export function createConstraint(
  format: ResolvedFormat,
  codec: Pick<TextCodec, "bytesOf">,
  prefix: string,
  room: number,
): AnswerConstraint {
  const matcher = matcherOf(format, prefix);
  let reading = matcher.start;
  // At worst every byte is a token.
  const least = matcher.distance(reading);
  if (!(least <= room)) {
    throw new WrongArgument(
      least === Infinity
        ? "No answer can match `format`."
        : `An answer in this \`format\` may need ${String(least)} tokens, and it may have ${String(room)}. Raise \`maxNewTokens\`, or shorten the prompt.`,
    );
  }
  return {
    get isComplete() {
      return matcher.distance(reading) === 0;
    },
    get isClosed() {
      return this.isComplete && reading.states.steps.length === 0;
    },
    allows(id, room) {
      const bytes = codec.bytesOf(id);
      if (bytes === undefined || bytes.length === 0) return false;
      const next = matcher.read(reading, bytes);
      return next !== undefined && matcher.distance(next) <= room;
    },
    accept(id) {
      reading = matcher.read(reading, codec.bytesOf(id)!)!;
    },
  };
}

const matchers = new Map<string, Matcher>();
const MOST_MATCHERS = 8;

/** Keeps the machines of the last formats, since an app asks for the same one again. */
function matcherOf(format: ResolvedFormat, prefix: string): Matcher {
  const key = JSON.stringify([format, prefix]);
  const known = matchers.get(key);
  if (known) return known;
  const source = patternOf(format);
  const start = prefix === "" ? "" : `(?:${escape(prefix)})?`;
  const isAnycase = "regex" in format && format.ignoreCase;
  const matcher = createMatcher(
    readPattern(start === "" ? source : `${start}(?:${source})`, isAnycase),
  );
  matchers.set(key, matcher);
  const [oldest] = matchers.keys();
  if (matchers.size > MOST_MATCHERS && oldest !== undefined) matchers.delete(oldest);
  return matcher;
}

function patternOf(format: ResolvedFormat): string {
  if ("regex" in format) return format.regex;
  if ("schema" in format) return patternOfSchema(format.schema);
  return `(?:${format.options.map(escape).join("|")})`;
}
