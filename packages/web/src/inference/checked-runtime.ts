/**
 * Creates a runtime that was seen to compute right numbers. The first load of these files on this device makes more checks
 * than later ones, most of all if the model's descriptor has no expected numbers
 * (decisions/2026-11-26-files-without-stored-numbers.md).
 */

import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { DecoderForm } from "../protocol/result.ts";
import { centredCosine } from "../generation/cosine.ts";
import { findLoop } from "../generation/find-loop.ts";
import { fillImages, layOutPrompt } from "../generation/prompt.ts";
import type { Runtime } from "../engines/runtime.ts";
import { decoderFormOf, type CheckableRuntime } from "../engines/checkable-runtime.ts";
import { cutPrompt, type CheckQuestion } from "./check-question.ts";
import type { CheckVerdict, VerdictStore } from "./check-verdict.ts";
import { ANSWER_TOKENS, chooseDecoder, type RefusedForm } from "./choose-decoder.ts";
import { assertFigure } from "./assert-figure.ts";
import { inSmallPieces, lastLogits, LONG_TEXT } from "./long-and-short.ts";
import { checkTile } from "./check-tile.ts";
import { keepFasterForm } from "./faster-form.ts";
import { checkDevice, type AskedModel } from "./self-check.ts";

export interface CheckedRuntimeOptions extends AskedModel {
  /** Loads the graphs. */
  readonly create: (form: DecoderForm) => Promise<CheckableRuntime>;
  readonly model: ModelDescriptor;
  readonly endIds: ReadonlySet<number>;
  readonly verdicts: VerdictStore;
  readonly report: CheckReport;
}

/** Callbacks for the results of the checks. */
export interface CheckReport {
  /** How similar two computations of the same are: 1 if they are equal. */
  readonly onCompared: (check: string, likeness: number, form?: DecoderForm) => void;
  readonly onSkipped: (check: string, reason: string) => void;
  /** Called at every load for each form of the decoder that is not used on this device. */
  readonly onRefused: (refused: RefusedForm, runs: DecoderForm) => void;
  readonly onChecked: (milliseconds: number) => void;
  /** Called once for each form whose steps were timed, with the time of a step. */
  readonly onTimed: (form: DecoderForm, milliseconds: number) => void;
}

/** @throws {VlmError} `device-check-failed`, and the errors of the runtime */
export async function createCheckedRuntime(
  options: CheckedRuntimeOptions,
): Promise<CheckableRuntime> {
  const { model, verdicts } = options;
  const known = await verdicts.read();
  if (known) return createKnownRuntime(options, known);
  const plain = model.selfCheck ? undefined : await createPlainRuntime(options);
  return plain ? checkFirst(options, plain, "captured") : createKnownRuntime(options, UNKNOWN);
}

const UNKNOWN: CheckVerdict = { form: "captured", refused: [], isSettled: false };

const COMPARISON = "rewritten-decoder";

/** Loads the decoder as its file has it. @returns undefined if that fails; the reason is reported */
async function createPlainRuntime({ create, verdicts, report }: CheckedRuntimeOptions) {
  try {
    return await create("plain");
  } catch (error) {
    const isSkipped = VlmError.is(error, "session-failed") || VlmError.is(error, "out-of-memory");
    if (!isSkipped) throw error;
    report.onSkipped(COMPARISON, error.code);
    // After memory ran out, more may fail in this worker. The verdict keeps the next visit from trying again.
    await verdicts.write(UNKNOWN);
    return undefined;
  }
}

/** Creates the runtime in the known form. A GPU that fails with captured steps is tried again without them. */
async function createKnownRuntime(
  options: CheckedRuntimeOptions,
  { form, refused, isSettled }: CheckVerdict,
): Promise<CheckableRuntime> {
  const { create, report, verdicts } = options;
  const runtime = await create(form);
  try {
    // A CPU computes the same numbers again, while a GPU has a driver that may be another one today.
    if (!isSettled || runtime.device === "webgpu") await check(runtime, options);
    if (!isSettled) {
      await settle(runtime, options);
      await verdicts.write({ form: decoderFormOf(runtime), refused, isSettled: true });
    }
  } catch (error) {
    if (!mayBeCaptures(runtime, error)) throw error;
    await runtime.dispose();
    return createKnownRuntime(options, { form: "rewritten", refused, isSettled: false });
  }
  for (const one of refused) report.onRefused(one, decoderFormOf(runtime));
  return runtime;
}

function check(runtime: CheckableRuntime, options: CheckedRuntimeOptions): Promise<void> {
  return timed(options.report, () => checkDevice(runtime, options, options.model));
}

/** Positions before the steps that are timed. How long a step takes hardly depends on them. */
const TIMED_AFTER = 16;

/** Loads the decoder in its faster form. If that is not the form that was checked, it is checked, too. */
async function settle(runtime: CheckableRuntime, options: CheckedRuntimeOptions): Promise<void> {
  const checked = decoderFormOf(runtime);
  const prompt = options.codec.encode(LONG_TEXT).slice(0, TIMED_AFTER);
  await keepFasterForm(runtime, prompt, options.report.onTimed);
  if (decoderFormOf(runtime) !== checked) await check(runtime, options);
}

/** Makes all checks for files without expected numbers. */
async function checkFirst(
  options: CheckedRuntimeOptions,
  runtime: CheckableRuntime,
  most: DecoderForm,
): Promise<CheckableRuntime> {
  const { create, model, report, verdicts } = options;
  try {
    const choice = await timed(report, async () => {
      const chosen = await chooseDecoder(runtime, await questionOf(runtime, options), {
        most,
        onCompared: ({ form, likeness = 0 }) => {
          report.onCompared(COMPARISON, likeness, form);
        },
      });
      await checkDevice(runtime, options, model);
      if (runtime.device === "wasm") await checkPieces(runtime, options);
      assertNoLoop(runtime, chosen.answer);
      return chosen;
    });
    await settle(runtime, options);
    const form = decoderFormOf(runtime);
    await verdicts.write({ form, refused: choice.refused, isSettled: true });
    for (const one of choice.refused) report.onRefused(one, form);
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

async function questionOf(
  runtime: Runtime,
  { codec, setup, model, endIds }: CheckedRuntimeOptions,
): Promise<CheckQuestion> {
  // A CPU needs about a second for a small image, and twenty for the full size of FastVLM.
  const isSmall = runtime.device === "wasm" && runtime.isImageSizeFree;
  const size = isSmall
    ? Math.min(setup.images.checkSides.small, runtime.imageSize)
    : runtime.imageSize;
  const tile = checkTile(setup.images, size);
  const features = await runtime.encodeImage(tile.image);
  const question = { text: model.captions.brief.prompt, system: undefined };
  const pieces = layOutPrompt(codec, setup.prompt, question, [tile.pieces]);
  const runs = cutPrompt(fillImages(pieces, [features]));
  return { runs, endIds };
}

/**
 * With int8, all positions of a run share one scale, so a prompt in pieces is rounded differently. Cosines of 0.993 to
 * 0.9999 were measured with three layers, and 0.986 with 30. If half of the prompt is lost, the cosine is 0.58.
 */
const MIN_PIECES_LIKENESS = 0.9;

/** Compares a prompt at once with the same prompt in pieces. On a GPU, the usual check does this at every load. */
async function checkPieces(
  runtime: Runtime,
  { codec, report }: CheckedRuntimeOptions,
): Promise<void> {
  const ids = codec.encode(LONG_TEXT);
  const atOnce = await lastLogits(runtime, [ids]);
  const actual = centredCosine(atOnce, await lastLogits(runtime, inSmallPieces(ids)));
  report.onCompared("pieces", actual);
  const check = "agreement of a prompt with the same in pieces";
  assertFigure({ device: runtime.device, check, actual, atLeast: MIN_PIECES_LIKENESS });
}

/** Throws if the answer repeats itself without end. */
function assertNoLoop({ device }: Runtime, answer: readonly number[]): void {
  const loop = findLoop(answer);
  if (!loop) return;
  const check = `tokens before an answer of ${String(ANSWER_TOKENS)} turns in a circle`;
  assertFigure({ device, check, actual: loop.length, atLeast: ANSWER_TOKENS });
}

async function timed<T>(report: CheckReport, check: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  const result = await check();
  report.onChecked(performance.now() - startedAt);
  return result;
}
