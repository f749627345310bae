/**
 * The first real inference on a device, before it is accepted. Some GPUs compute wrong but finite
 * numbers, so with a stored check of the model's own, features and first tokens must be the
 * reference's; without one, the numbers must at least be sane, follow the picture, and be the same
 * however a prompt is cut.
 */

import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor, SelfCheck } from "../protocol/model-descriptor.ts";
import type { ImageTensor, Runtime, TextCodec } from "../model/runtime.ts";
import { fillImages, layOutPrompt } from "../model/prompt.ts";
import { argmax } from "../model/sampling.ts";
import { checkPicture } from "../model/check-picture.ts";
import { cosine } from "../model/cosine.ts";

/** @throws {VlmError} `device-check-failed`, and what the runtime throws */
export async function checkDevice(
  runtime: Runtime,
  codec: TextCodec,
  model: ModelDescriptor,
): Promise<void> {
  const observed = await observe(runtime, codec, {
    // A GPU may fail at one size only, and its first run is the slow one in any case. The CPU needs
    // seconds for a full picture, and computes a small one in the same way.
    size:
      model.selfCheck || runtime.device === "webgpu"
        ? runtime.imageSize
        : sizeFor(runtime, CPU_SIZE),
    prompt: model.selfCheck?.prompt ?? model.captions.brief.prompt,
    answer: model.selfCheck?.expectedTokenIds ?? GENERIC_TOKENS[runtime.device],
  });
  const expectation: Expectation = { device: runtime.device, expect };
  if (!observed.features.every(Number.isFinite)) expectation.expect("finite features", 0, 1);
  if (model.selfCheck) compare(expectation, observed, model.selfCheck);
  else await checkSanity(expectation, runtime, codec, observed);
}

const GENERIC_TOKENS = { webgpu: 2, wasm: 1 } as const;

interface Expectation {
  readonly device: Runtime["device"];
  expect(this: Expectation, check: string, actual: number, atLeast: number): void;
}

function expect(this: Expectation, check: string, actual: number, atLeast: number): void {
  if (actual >= atLeast) return; // NaN fails
  throw new VlmError(
    "device-check-failed",
    `The device ${this.device} computes wrong numbers (${check}: ${actual.toPrecision(4)}, at least ` +
      `${String(atLeast)} expected). Update the browser or the graphics driver, or use another device.`,
    { device: this.device, check, actual, limit: atLeast },
  );
}

/** What a device computed for the check picture. */
export interface Observation {
  readonly features: Float32Array; // [tokens, hidden]
  readonly tokenIds: readonly number[];
  /** Probability of each of `tokenIds` over that of its position's likeliest token. */
  readonly likelihoods: readonly number[];
}

/**
 * Encodes the check picture and decodes a few tokens.
 *
 * @param answer ids to follow, or how many to choose greedily
 */
export async function observe(
  runtime: Runtime,
  codec: TextCodec,
  { size, prompt, answer }: { size: number; prompt: string; answer: readonly number[] | number },
): Promise<Observation> {
  const features = await runtime.encodeImage(checkPicture(size));
  const decoding = runtime.startDecoding();
  try {
    const pieces = layOutPrompt(codec, { text: prompt, system: undefined }, 1);
    const count = typeof answer === "number" ? answer : answer.length;
    const tokenIds: number[] = [];
    const likelihoods: number[] = [];
    let parts = fillImages(pieces, [features]);
    while (tokenIds.length < count) {
      const logits = await (await decoding.append(parts)).readLogits();
      const likeliest = argmax(logits);
      const id = typeof answer === "number" ? likeliest : answer[tokenIds.length]!;
      tokenIds.push(id);
      likelihoods.push(Math.exp(logits[id]! - logits[likeliest]!));
      parts = [{ kind: "tokens", ids: [id] }];
    }
    return { features: await features.read(), tokenIds, likelihoods };
  } finally {
    decoding.dispose();
    features.dispose();
  }
}

function compare(expectation: Expectation, observed: Observation, check: SelfCheck): void {
  const sampled = observed.features.filter((_, index) => index % check.featureStride === 0);
  expectation.expect("cosine of features", cosine(sampled, check.features), check.minCosine);
  for (const likelihood of observed.likelihoods) {
    expectation.expect("likelihood of an expected token", likelihood, MIN_LIKELIHOOD);
  }
}

/**
 * int8 files may prefer another of two close tokens; garbage gives the expected one no chance at all
 * among a thousand or more.
 */
const MIN_LIKELIHOOD = 0.05;

/** A model without a stored check: features must vary, and must differ for a different picture. */
async function checkSanity(
  expectation: Expectation,
  runtime: Runtime,
  codec: TextCodec,
  { features }: Observation,
): Promise<void> {
  expectation.expect("spread of features", spread(features), 1e-6);
  // Kernels that are wrong for one driver or size are the GPU's. What the CPU computes was seen to
  // be finite, and its files are verified; a second picture would only cost time.
  if (runtime.device === "wasm") return;
  const size = sizeFor(runtime, SANITY_SIZE);
  const first = await encodeValues(runtime, checkPicture(size));
  const second = await encodeValues(runtime, {
    size,
    data: new Float32Array(3 * size * size).fill(0.5),
  });
  expectation.expect("difference between two pictures", 1 - cosine(first, second), 1e-6);
  // Attention kernels for long inputs have been wrong where those for short ones were right.
  const ids = codec.encode(SANITY_TEXT);
  const atOnce = await lastLogits(runtime, [ids]);
  const inPieces = await lastLogits(runtime, piecesOf(ids));
  expectation.expect("agreement of long and short inputs", cosine(atOnce, inPieces), 0.998);
}

/** Short ones, then single tokens, as answers have them: the first may be captured, the others replay it. */
function piecesOf(ids: readonly number[]): (readonly number[])[] {
  const [head, tail] = [ids.slice(0, -SINGLE_TOKENS), ids.slice(-SINGLE_TOKENS)];
  const pieces: (readonly number[])[] = [];
  for (let from = 0; from < head.length; from += 8) pieces.push(head.slice(from, from + 8));
  return [...pieces, ...tail.map((id) => [id])];
}

const SINGLE_TOKENS = 4;

/** More than 64 tokens in any vocabulary. */
const SANITY_TEXT = "One two three four five six seven eight nine ten. ".repeat(8);

async function lastLogits(
  runtime: Runtime,
  pieces: readonly (readonly number[])[],
): Promise<Float32Array> {
  const decoding = runtime.startDecoding();
  try {
    let logits = new Float32Array();
    for (const ids of pieces) {
      const prediction = await decoding.append([{ kind: "tokens", ids }]);
      logits = Float32Array.from(await prediction.readLogits());
    }
    return logits;
  } finally {
    decoding.dispose();
  }
}

/** Side of the GPU's second picture, in pixels. */
const SANITY_SIZE = 256;

/** The CPU's only one: one image token. */
const CPU_SIZE = 64;

/** The size that is wanted, where the encoder takes it. */
function sizeFor({ isImageSizeFree, imageSize }: Runtime, wanted: number): number {
  return isImageSizeFree ? wanted : imageSize;
}

async function encodeValues(runtime: Runtime, image: ImageTensor): Promise<Float32Array> {
  const features = await runtime.encodeImage(image);
  const values = (await features.read()).slice();
  features.dispose();
  return values;
}

function spread(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
