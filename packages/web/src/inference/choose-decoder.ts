/**
 * Finds out whether the rewritten decoder computes the same numbers as the file's own graph on this device. Both get the
 * same question, one after the other, so that only one of them is in memory.
 */

import { VlmError } from "../protocol/errors.ts";
import type { Device } from "../protocol/model-descriptor.ts";
import type { DecoderForm } from "../protocol/result.ts";
import { centredCosine } from "../generation/cosine.ts";
import type { Runtime } from "../engines/runtime.ts";
import type { CheckableRuntime } from "../engines/checkable-runtime.ts";
import {
  answerGreedily,
  followAnswer,
  type CheckAnswer,
  type CheckQuestion,
} from "./check-question.ts";
import { MIN_LIKELIHOOD } from "./self-check.ts";

/** The greatest length of the answer in tokens. It is enough to notice a loop. */
export const ANSWER_TOKENS = 32;

/** How many positions' logits are compared: the end of the prompt and the first steps. */
const COMPARED = 8;

/**
 * The least cosine of the logits of two graphs, with their means subtracted. If floats are only summed in another order, it
 * is above 0.99999 on the CPU. A wrong step lowers the cosine by about 0.1.
 */
const MIN_LIKENESS: Readonly<Record<Device, number>> = { webgpu: 0.998, wasm: 0.99 };

/**
 * The same on the CPU where one scale rounds all positions, as in int8: a number between two levels may be rounded to the other one. It
 * was 0.9997 with three layers, and 0.979 to 0.996 with the 30 layers of a real language model
 * (decisions/2026-11-26-real-language.md).
 */
const MIN_LIKENESS_OF_SHARED_SCALE = 0.95;

/** A form that computed other numbers than the file's own graph. */
export interface RefusedForm {
  readonly form: DecoderForm;
  /** The cosine; undefined if the form failed to run. */
  readonly likeness: number | undefined;
}

export interface DecoderChoice {
  /** The best form that computes the same numbers as the file's own graph. It is loaded now. */
  readonly form: DecoderForm;
  readonly refused: readonly RefusedForm[];
  /** The answer of the file's own graph. */
  readonly answer: readonly number[];
}

/**
 * @param runtime with the decoder as its file has it
 * @param most the best form to try
 * @throws {VlmError} what the runtime throws, but for `session-failed` of a form that is tried
 */
export async function chooseDecoder(
  runtime: CheckableRuntime,
  question: CheckQuestion,
  { most, onCompared }: { most: DecoderForm; onCompared: (one: Required<RefusedForm>) => void },
): Promise<DecoderChoice> {
  const reference = await answerGreedily(runtime, question, {
    count: ANSWER_TOKENS,
    kept: COMPARED,
  });
  const refused: RefusedForm[] = [];
  const { decoder } = runtime;
  if (!decoder) return { form: "plain", refused, answer: reference.ids };
  const isRounded = runtime.device === "wasm" && decoder.sharesScale;
  const least = isRounded ? MIN_LIKENESS_OF_SHARED_SCALE : MIN_LIKENESS[runtime.device];
  for (const wanted of FORMS.slice(FORMS.indexOf(most))) {
    await decoder.reload(wanted);
    const { form } = decoder;
    if (form === "plain") return { form, refused, answer: reference.ids };
    if (refused.some((one) => one.form === form)) continue; // It was tried as the best that is possible.
    const likeness = await compare(runtime, question, reference);
    onCompared({ form, likeness });
    if (likeness !== undefined && likeness >= least)
      return { form, refused, answer: reference.ids };
    refused.push({ form, likeness });
  }
  await decoder.reload("plain");
  return { form: "plain", refused, answer: reference.ids };
}

/** The forms to try, the best first. After them comes `plain`, which needs no comparison. */
const FORMS: readonly DecoderForm[] = ["captured", "rewritten"];

/** @returns the least cosine; 0 if a token of the answer is far too unlikely; undefined if the run fails */
async function compare(
  runtime: Runtime,
  question: CheckQuestion,
  { ids, logits: expected }: CheckAnswer,
): Promise<number | undefined> {
  try {
    const followed = ids.slice(0, expected.length - 1);
    const logits = await followAnswer(runtime, question, followed);
    const hasChances = followed.every((id, at) => likelihood(logits[at]!, id) >= MIN_LIKELIHOOD);
    if (!hasChances) return 0;
    return Math.min(...expected.map((one, at) => centredCosine(one, logits[at]!)));
  } catch (error) {
    if (VlmError.is(error, "session-failed")) return undefined;
    throw error;
  }
}

/** The probability of a token divided by that of the likeliest one. */
function likelihood(logits: Float32Array, id: number): number {
  return Math.exp(logits[id]! - logits.reduce((most, value) => Math.max(most, value), -Infinity));
}
