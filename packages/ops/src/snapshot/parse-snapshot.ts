/** Reads a snapshot from JSON, such as a file that somebody attached to a report. */

import {
  array,
  boolean,
  exactOptional,
  finite,
  literal,
  looseObject,
  number,
  object,
  picklist,
  pipe,
  safeParse,
  string,
} from "valibot";
import { series } from "../minutes/minute-record.ts";
import type { OpsSnapshot } from "./snapshot.ts";

const value = pipe(number(), finite());

/** Of a result only the numbers that are drawn must be there: a later version of the SDK says more. */
const call = looseObject({
  startedAt: value,
  durationMs: value,
  task: picklist(["brief", "detailed", "alt-text", "prompt"]),
  imageKinds: array(picklist(["file", "pixels"])),
  outcome: picklist(["answered", "failed", "aborted"]),
  errorType: exactOptional(string()),
  result: exactOptional(
    looseObject({
      cached: boolean(),
      device: picklist(["webgpu", "wasm"]),
      tokensPerSecond: value,
      finishReason: picklist(["stop", "length", "stop-string", "max-words"]),
      confidence: looseObject({ mean: value, least: value, firstTokenEntropy: value }),
      timings: looseObject({
        queueMs: value,
        imageDecodeMs: value,
        preprocessMs: value,
        visionMs: value,
        prefillMs: value,
        decodeMs: value,
        timeToFirstTokenMs: value,
        totalMs: value,
      }),
      tokens: looseObject({ image: value, prompt: value, reused: value, output: value }),
    }),
  ),
});

const snapshot = object({
  schema: literal(1),
  createdAt: value,
  from: value,
  to: value,
  minutes: array(object({ minute: value, series: array(series) })),
  totals: array(series),
  calls: array(call),
  alerts: array(
    looseObject({
      rule: string(),
      severity: picklist(["info", "warning", "critical"]),
      message: string(),
      value,
      threshold: value,
      firedAt: value,
      acknowledgedAt: exactOptional(value),
    }),
  ),
  isPersistent: boolean(),
});

/** @throws {TypeError} when the text is no snapshot, or one of another version */
export function parseSnapshot(text: string): OpsSnapshot {
  const { success, output, issues } = safeParse(snapshot, fromJson(text));
  if (success) return output;
  const [{ message, path = [] }] = issues;
  const where = path.map(({ key }) => String(key)).join(".");
  throw new TypeError(`This is no snapshot. ${where || "The whole text"} is wrong: ${message}.`);
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError("This is no snapshot, because it is no JSON.", { cause });
  }
}
