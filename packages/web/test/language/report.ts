/**
 * Compares the precisions of the decoder of a real language model in the kit's own engine on WASM.
 *
 * `node --import tsx --conditions @fastvlm-kit/source packages/web/test/language/report.ts --dtype fp32,int8`
 *
 * Each run adds its figures to those of earlier runs, and prints them all beside those of fp32.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measure, SCORED, type Measured } from "./measure.ts";
import { DTYPES, openModel, type Dtype } from "./open-model.ts";

const { values: options } = parseArgs({
  options: {
    folder: { type: "string", default: ".cache/language/smollm2-135m" },
    dtype: { type: "string", default: DTYPES.join() },
    windows: { type: "string", default: "16" },
    questions: { type: "string", default: "20" },
    piece: { type: "string", default: "8192" },
  },
});
const piece = Number(options.piece);
const amount = { windows: Number(options.windows), questions: Number(options.questions), piece };

for (const name of options.dtype.split(",")) {
  if (name === "") continue;
  const dtype = DTYPES.find((known) => known === name);
  if (dtype === undefined) throw new Error(`--dtype is a list of ${DTYPES.join(", ")}`);
  const model = await openModel(options.folder, dtype);
  const measured = await measure(model, amount, (soFar) => {
    writeFileSync(pathOf(labelOf(dtype)), JSON.stringify(soFar));
    const { windows, answers, stepMs } = soFar;
    console.log(
      `${labelOf(dtype)}: ${windows.length} windows, ${answers.length} answers, ${stepMs.toFixed(1)} ms`,
    );
  });
  const [first] = measured.answers;
  if (first) console.log(`${dtype}: ${model.codec.decode(first)}`);
  await model.runtime.dispose();
}
print();

/** Runs of the same files with other pieces are other results. */
function labelOf(dtype: Dtype): string {
  return piece === 8192 ? dtype : `${dtype}-pieces-${piece}`;
}

function pathOf(label: string): string {
  return join(options.folder, `measured-${label}.json`);
}

function readMeasured(label: string): Measured | undefined {
  const path = pathOf(label);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Measured) : undefined;
}

function print(): void {
  const base = readMeasured("fp32");
  if (!base) return;
  const labels = DTYPES.flatMap((dtype) => [dtype, ...[1, 8].map((n) => `${dtype}-pieces-${n}`)]);
  for (const label of labels) {
    const measured = readMeasured(label);
    if (measured) console.log(label, compare(measured, base));
  }
}

/** Only what both have measured is compared. */
function compare(measured: Measured, base: Measured): Record<string, string> {
  const windows = measured.windows.flatMap((window) => {
    const ofText = (all: Measured): Measured["windows"] =>
      all.windows.filter(({ text }) => text === window.text);
    const other = ofText(base)[ofText(measured).indexOf(window)];
    return other ? [{ window, other }] : [];
  });
  const answers = measured.answers.slice(0, base.answers.length);
  const sameInAnswers = answers.map((ids, at) => sharedBeginning(ids, base.answers[at]!));
  const lengths = answers.reduce((sum, _, at) => sum + base.answers[at]!.length, 0);
  const sameAt = windows.flatMap(({ window, other }) =>
    window.likeliest.map((id, at) => id === other.likeliest[at]),
  );
  const perplexity = (loss: number): number => Math.exp(loss / (windows.length * SCORED));
  const own = perplexity(windows.reduce((sum, { window }) => sum + window.loss, 0));
  const fp32 = perplexity(windows.reduce((sum, { other }) => sum + other.loss, 0));
  const equal = answers.filter((ids, at) => ids.join() === base.answers[at]!.join()).length;
  return {
    "scored tokens": String(windows.length * SCORED),
    perplexity: own.toFixed(2),
    "to fp32": `${((own / fp32 - 1) * 100).toFixed(2)} %`,
    "same likeliest token": percent(sameAt.filter(Boolean).length / sameAt.length),
    "answers equal": `${equal} of ${answers.length}`,
    "equal until they part": percent(sameInAnswers.reduce((a, b) => a + b, 0) / lengths),
    "ms a token": measured.stepMs.toFixed(1),
    "speed to fp32": (base.stepMs / measured.stepMs).toFixed(2),
  };
}

function sharedBeginning(ids: readonly number[], others: readonly number[]): number {
  const at = others.findIndex((id, index) => id !== ids[index]);
  return at === -1 ? others.length : at;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
