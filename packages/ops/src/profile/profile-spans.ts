/** What took time, from when to when. */

import type { EndedCall, Metric, Timings } from "@fastvlm-kit/web";

export interface ProfileSpan {
  readonly name: string;
  /** `calls`: whole calls. `stages`: what a call consists of. `model`: loads, downloads, checks. */
  readonly track: "calls" | "stages" | "model";
  /** In milliseconds since the epoch. */
  readonly startedAt: number;
  readonly durationMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** The stages in their order, which is also the order in which they ran. */
const STAGES = [
  ["queue", "queueMs"],
  ["image", "imageDecodeMs"],
  ["preprocess", "preprocessMs"],
  ["vision", "visionMs"],
  ["prefill", "prefillMs"],
  ["decode", "decodeMs"],
] as const satisfies readonly (readonly [string, keyof Timings])[];

/** The parts of a call; they are drawn from its summary, and not from its metrics. */
const OF_CALLS = /^(gen_ai\.|vlm\.(queue|image|preprocess|vision|prefill|decode)\.)/;

/** A call, and its stages: the last one ends when the call does. */
export function spansOfCall(call: EndedCall): readonly ProfileSpan[] {
  const { startedAt, durationMs, task, outcome, errorType, result } = call;
  const whole: ProfileSpan = {
    name: task,
    track: "calls",
    startedAt,
    durationMs,
    attributes: {
      outcome,
      ...(errorType !== undefined && { error: errorType }),
      ...(result && {
        device: result.device,
        cached: result.cached,
        outputTokens: result.tokens.output,
      }),
    },
  };
  if (!result) return [whole];
  const { timings } = result;
  const sum = STAGES.reduce((total, [, timing]) => total + timings[timing], 0);
  let at = startedAt + Math.max(0, durationMs - sum);
  const stages = STAGES.flatMap(([name, timing]): ProfileSpan[] => {
    const stage = timings[timing];
    const begin = at;
    at += stage;
    if (stage === 0) return [];
    return [{ name, track: "stages", startedAt: begin, durationMs: stage, attributes: {} }];
  });
  return [whole, ...stages];
}

/** A duration that belongs to no call, such as a load. It ends when it is reported. */
export function spanOfMetric(metric: Metric, now: number): readonly ProfileSpan[] {
  const { name, value, attributes } = metric;
  if (OF_CALLS.test(name)) return [];
  const durationMs = value * 1000;
  const short = name.replace(/^vlm\./, "").replace(/\.duration$/, "");
  return [{ name: short, track: "model", startedAt: now - durationMs, durationMs, attributes }];
}
