/** Answers that are chosen from options, with the probability of each. */

import type { GenerationOptions } from "../protocol/options.ts";
import type { VlmResult } from "../protocol/result.ts";
import type { CallOptions, GenerateRequest } from "./calls.ts";

/** Options of `vlm.choose`, `vlm.check` and `vlm.score`. Nothing is sampled, so that there is nothing to set of that. */
export interface ChoiceOptions
  extends Omit<CallOptions, keyof GenerationOptions>, Pick<GenerateRequest, "system" | "history"> {
  /**
   * What the answer begins with, such as `The background is`: the options go on from it. It helps with models that answer
   * in sentences. Default: the answer begins with the option.
   */
  readonly answerStart?: string;
}

/** Options of `vlm.score`. */
export interface ScoreOptions extends ChoiceOptions {
  /** The least score, a whole number. Default 1. */
  readonly min?: number;
  /** The greatest score, a whole number. Default 10. */
  readonly max?: number;
}

/** The option that the model thinks likeliest. */
export interface Choice<Option extends string = string> {
  readonly choice: Option;
  /** The probability of `choice`, from 0 to 1. */
  readonly probability: number;
  /** All options in the app's order, with probabilities whose sum is 1. */
  readonly options: readonly { readonly option: Option; readonly probability: number }[];
  /** How the answer was computed. */
  readonly result: VlmResult;
}

/** Whether a statement is true of an image. */
export interface Check {
  readonly isTrue: boolean;
  /** The probability that it is true, from 0 to 1, where yes and no are the only answers. */
  readonly probability: number;
  readonly result: VlmResult;
}

/** A number for an image. */
export interface Score {
  /** The mean of all scores, each counted by its probability: finer than whole numbers. */
  readonly score: number;
  /** The likeliest of the whole numbers. */
  readonly likeliest: number;
  /** The probability of each whole number from `min` to `max`, in this order; their sum is 1. */
  readonly probabilities: readonly number[];
  readonly result: VlmResult;
}
