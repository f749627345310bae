/**
 * From a model's files to a runtime that is known to compute rightly. Where the model's descriptor has
 * no stored numbers, the first load of these files on this device asks more than later ones
 * (decisions/2026-11-26-files-without-stored-numbers.md).
 */

import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { DecoderForm } from "../protocol/result.ts";
import { checkImage } from "../generation/check-image.ts";
import { centredCosine } from "../generation/cosine.ts";
import { findLoop } from "../generation/find-loop.ts";
import { fillImages, layOutPrompt } from "../generation/prompt.ts";
import type { Runtime, TextCodec } from "../engines/runtime.ts";
import { decoderFormOf, type CheckableRuntime } from "../engines/checkable-runtime.ts";
import { cutPrompt, type CheckQuestion } from "./check-question.ts";
import type { CheckVerdict, VerdictStore } from "./check-verdict.ts";
import { ANSWER_TOKENS, chooseDecoder, type RefusedForm } from "./choose-decoder.ts";
import { expectFigure } from "./expect-figure.ts";
import { inSmallPieces, lastLogits, LONG_TEXT } from "./long-and-short.ts";
import { checkDevice } from "./self-check.ts";

export interface CheckedRuntimeOptions {
  /** Loads the graphs. */
  readonly create: (form: DecoderForm) => Promise<CheckableRuntime>;
  readonly codec: TextCodec;
  readonly model: ModelDescriptor;
  readonly endIds: ReadonlySet<number>;
  readonly verdicts: VerdictStore;
  readonly report: CheckReport;
}

/** What is said of the checks. */
export interface CheckReport {
  /** How much two computations of the same have in common: 1 where they are equal. */
  readonly onCompared: (check: string, likeness: number, form?: DecoderForm) => void;
  readonly onSkipped: (check: string, reason: string) => void;
  /** At every load: forms of the decoder that are not used here. */
  readonly onRefused: (refused: RefusedForm, runs: DecoderForm) => void;
  readonly onChecked: (milliseconds: number) => void;
}

/** @throws {VlmError} `device-check-failed`, and what the runtime throws */
export async function createCheckedRuntime(
  options: CheckedRuntimeOptions,
): Promise<CheckableRuntime> {
  const { model, verdicts } = options;
  const isFirst = model.selfCheck === undefined;
  const known = isFirst ? await verdicts.read() : undefined;
  if (!isFirst || known) return createKnown(options, known ?? { form: "captured", refused: [] });
  const plain = await createPlain(options);
  if (plain) return checkFirst(options, plain, "captured");
  return createKnown(options, { form: "captured", refused: [] });
}

const COMPARISON = "rewritten-decoder";

/** The decoder as its file has it. @returns undefined where it cannot be loaded, and then why is said */
async function createPlain({ create, verdicts, report }: CheckedRuntimeOptions) {
  try {
    return await create("plain");
  } catch (error) {
    const isSkipped = VlmError.is(error, "session-failed") || VlmError.is(error, "out-of-memory");
    if (!isSkipped) throw error;
    report.onSkipped(COMPARISON, error.code);
    // Memory that ran out may fail what follows in this worker too: the next visit shall not try again.
    await verdicts.write({ form: "captured", refused: [] });
    return undefined;
  }
}

/** A GPU that fails with captured steps gets another chance without. */
async function createKnown(
  options: CheckedRuntimeOptions,
  { form, refused }: CheckVerdict,
): Promise<CheckableRuntime> {
  const { create, codec, model, report } = options;
  const runtime = await create(form);
  try {
    await timed(report, () => checkDevice(runtime, codec, model));
  } catch (error) {
    if (!mayBeCaptures(runtime, error)) throw error;
    await runtime.dispose();
    return createKnown(options, { form: "rewritten", refused });
  }
  for (const one of refused) report.onRefused(one, decoderFormOf(runtime));
  return runtime;
}

/** All that is asked of files whose answers nobody has stored. */
async function checkFirst(
  options: CheckedRuntimeOptions,
  runtime: CheckableRuntime,
  most: DecoderForm,
): Promise<CheckableRuntime> {
  const { codec, create, model, report, verdicts } = options;
  try {
    const choice = await timed(report, async () => {
      const chosen = await chooseDecoder(runtime, await questionOf(runtime, options), {
        most,
        onCompared: ({ form, likeness = 0 }) => {
          report.onCompared(COMPARISON, likeness, form);
        },
      });
      await checkDevice(runtime, codec, model);
      if (runtime.device === "wasm") await checkPieces(runtime, codec, report);
      expectNoLoop(runtime, chosen.answer);
      return chosen;
    });
    await verdicts.write(choice);
    for (const one of choice.refused) report.onRefused(one, choice.form);
    return runtime;
  } catch (error) {
    if (!mayBeCaptures(runtime, error)) throw error;
    await runtime.dispose();
    return checkFirst(options, await create("plain"), "rewritten");
  }
}

function mayBeCaptures(runtime: CheckableRuntime, error: unknown): boolean {
  const isFailure =
    VlmError.is(error, "device-check-failed") || VlmError.is(error, "session-failed");
  return decoderFormOf(runtime) === "captured" && isFailure;
}

/** The CPU computes a small image in a second; the full one of FastVLM takes it twenty. */
const SMALL_SIZE = 256;

async function questionOf(
  runtime: Runtime,
  { codec, model, endIds }: CheckedRuntimeOptions,
): Promise<CheckQuestion> {
  const isSmall = runtime.device === "wasm" && runtime.isImageSizeFree;
  const size = isSmall ? Math.min(SMALL_SIZE, runtime.imageSize) : runtime.imageSize;
  const features = await runtime.encodeImage(checkImage(size));
  const pieces = layOutPrompt(codec, { text: model.captions.brief.prompt, system: undefined }, 1);
  const runs = cutPrompt(fillImages(pieces, [features]));
  return { runs, endIds };
}

/**
 * int8 has one scale for all that runs at once, so that a prompt in pieces is rounded otherwise: cosines
 * of 0.993 to 0.9999 were measured in three layers. Without half of the prompt it is 0.58.
 */
const MIN_PIECES_LIKENESS = 0.9;

/** A GPU's check has this at every load, and closer: it holds there for kernels, and here for files. */
async function checkPieces(runtime: Runtime, codec: TextCodec, report: CheckReport): Promise<void> {
  const ids = codec.encode(LONG_TEXT);
  const atOnce = await lastLogits(runtime, [ids]);
  const actual = centredCosine(atOnce, await lastLogits(runtime, inSmallPieces(ids)));
  report.onCompared("pieces", actual);
  const check = "agreement of a prompt with the same in pieces";
  expectFigure({ device: runtime.device, check, actual, atLeast: MIN_PIECES_LIKENESS });
}

/** A model that answers sees an end, or goes on to new things. */
function expectNoLoop({ device }: Runtime, answer: readonly number[]): void {
  const loop = findLoop(answer);
  if (!loop) return;
  const check = `tokens before an answer of ${String(ANSWER_TOKENS)} turns in a circle`;
  expectFigure({ device, check, actual: loop.length, atLeast: ANSWER_TOKENS });
}

async function timed<T>(report: CheckReport, check: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await check();
  report.onChecked(performance.now() - startedAt);
  return result;
}
