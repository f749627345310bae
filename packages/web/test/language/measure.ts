/** What is measured of one set of files: how likely it finds real text, what it answers, and the time for a token. */

import type { Decoding, Prediction } from "../../src/engines/runtime.ts";
import { argmax } from "../../src/generation/sampling.ts";
import type { OpenedModel } from "./open-model.ts";
import { QUESTIONS, readTexts } from "./texts.ts";

/** Tokens of text before those that count, in one window, and those that count. */
const CONTEXT = 64;
export const SCORED = 64;
const ANSWER = 32;

/** A stretch of text: the context, and then one token after the other. */
interface WindowResult {
  readonly text: string;
  /** The sum of the negative logarithms of the tokens' probabilities. */
  readonly loss: number;
  /** The likeliest token at each place. */
  readonly likeliest: readonly number[];
}

export interface Measured {
  readonly windows: readonly WindowResult[];
  /** The ids of each answer, chosen greedily. */
  readonly answers: readonly (readonly number[])[];
  /** Processor time of a step that decodes one token, in milliseconds: the median. */
  readonly stepMs: number;
}

interface Amount {
  /** Windows of each text. */
  readonly windows: number;
  readonly questions: number;
  /** Tokens that run at once where the kit has more than one to run: the context, and a question. */
  readonly piece: number;
}

export async function measure(
  model: OpenedModel,
  amount: Amount,
  onProgress: (soFar: Measured) => void,
): Promise<Measured> {
  const steps: number[] = [];
  const windows: WindowResult[] = [];
  const answers: number[][] = [];
  const soFar = (): Measured => ({ windows, answers, stepMs: median(steps) });
  for (const [text, content] of Object.entries(readTexts())) {
    const ids = model.codec.encode(content);
    for (let index = 0; index < amount.windows; index++) {
      const start = index * (CONTEXT + SCORED);
      const stretch = ids.slice(start, start + CONTEXT + SCORED);
      windows.push({ text, ...(await readWindow(model, stretch, amount.piece, steps)) });
      onProgress(soFar());
    }
  }
  for (const question of QUESTIONS.slice(0, amount.questions)) {
    answers.push(await answer(model, question, amount.piece, steps));
    onProgress(soFar());
  }
  return soFar();
}

async function readWindow(
  { runtime }: OpenedModel,
  ids: readonly number[],
  piece: number,
  steps: number[],
): Promise<Omit<WindowResult, "text">> {
  if (ids.length < CONTEXT + SCORED) throw new Error("A text is too short for so many windows.");
  const decoding = runtime.startDecoding();
  try {
    let prediction = await appendInPieces(decoding, ids.slice(0, CONTEXT), piece);
    let loss = 0;
    const likeliest: number[] = [];
    for (const id of ids.slice(CONTEXT)) {
      const logits = await prediction.readLogits();
      const best = argmax(logits);
      likeliest.push(best);
      loss += Math.log(sumOfRatios(logits, logits[best]!)) + logits[best]! - logits[id]!;
      if (likeliest.length < SCORED) prediction = await step(decoding, id, steps);
    }
    return { loss, likeliest };
  } finally {
    decoding.dispose();
  }
}

async function answer(
  { runtime, codec }: OpenedModel,
  question: string,
  piece: number,
  steps: number[],
): Promise<number[]> {
  const decoding = runtime.startDecoding();
  try {
    let prediction = await appendInPieces(decoding, idsOfQuestion(codec, question), piece);
    const ids: number[] = [];
    while (true) {
      const id = await prediction.readLikeliest();
      ids.push(id);
      if (ids.length === ANSWER || id === codec.controlId("<|im_end|>")) return ids;
      prediction = await step(decoding, id, steps);
    }
  } finally {
    decoding.dispose();
  }
}

/** The template as ids: its two marks are control tokens, which plain text never becomes. */
function idsOfQuestion(codec: OpenedModel["codec"], question: string): number[] {
  const rendered = codec.renderChat([{ role: "user", content: question }]);
  return rendered
    .split(/(<\|im_start\|>|<\|im_end\|>)/)
    .flatMap((part) => codec.controlId(part) ?? codec.encode(part));
}

async function appendInPieces(
  decoding: Decoding,
  ids: readonly number[],
  piece: number,
): Promise<Prediction> {
  let start = 0;
  while (true) {
    const end = start + piece;
    const prediction = await decoding.append([{ kind: "tokens", ids: ids.slice(start, end) }]);
    if (end >= ids.length) return prediction;
    start = end;
  }
}

/** Measures the time of the processor, which other programs on the machine change less than the clock's. */
async function step(decoding: Decoding, id: number, steps: number[]): Promise<Prediction> {
  const before = process.cpuUsage();
  const prediction = await decoding.append([{ kind: "tokens", ids: [id] }]);
  const { user, system } = process.cpuUsage(before);
  steps.push((user + system) / 1000);
  return prediction;
}

function sumOfRatios(logits: Float32Array, largest: number): number {
  return logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
