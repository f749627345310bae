/**
 * The first real inference on a device, before it is accepted. Some GPUs compute wrong but finite
 * numbers, so with a stored check of the model's own, features and first tokens must be the
 * reference's; without one, the numbers must at least be sane, follow the image, and be the same
 * however a prompt is cut.
 */

import type { ModelDescriptor, SelfCheck } from "../protocol/model-descriptor.ts";
import type { ImageTensor, Runtime, TextCodec } from "../engines/runtime.ts";
import { fillImages, layOutPrompt } from "../generation/prompt.ts";
import { argmax } from "../generation/sampling.ts";
import { checkImage } from "../generation/check-image.ts";
import { cosine } from "../generation/cosine.ts";
import { inSmallPieces, lastLogits, LONG_TEXT } from "./long-and-short.ts";
import { expectFigure } from "./expect-figure.ts";

/** @throws {VlmError} `device-check-failed`, and what the runtime throws */
export async function checkDevice(
  runtime: Runtime,
  codec: TextCodec,
  model: ModelDescriptor,
): Promise<void> {
  const { selfCheck: stored } = model;
  const observed = await observe(runtime, codec, {
    size: stored ? (stored.imageSize ?? runtime.imageSize) : sizeWithoutStored(runtime),
    prompt: stored?.prompt ?? model.captions.brief.prompt,
    answer: stored?.expectedTokenIds ?? GENERIC_TOKENS[runtime.device],
  });
  const expect: Expect = (check, actual, atLeast) => {
    expectFigure({ device: runtime.device, check, actual, atLeast });
  };
  if (!observed.features.every(Number.isFinite)) expect("finite features", 0, 1);
  if (!stored) return checkSanity(expect, runtime, codec, observed);
  compare(expect, observed, stored);
  const isOtherSize = stored.imageSize !== undefined && stored.imageSize !== runtime.imageSize;
  if (runtime.device !== "webgpu" || !isOtherSize) return;
  // The stored numbers are of a small image, for the CPU's sake; a GPU may fail at one size only.
  expectSpread(expect, await encodeValues(runtime, checkImage(runtime.imageSize)));
}

/**
 * A GPU may fail at one size only, and its first run is the slow one in any case. The CPU needs seconds
 * for a full image, and computes a small one in the same way.
 */
function sizeWithoutStored(runtime: Runtime): number {
  return runtime.device === "webgpu" ? runtime.imageSize : sizeFor(runtime, CPU_SIZE);
}

function expectSpread(expect: Expect, features: Float32Array): void {
  expect("spread of features", spread(features), 1e-6); // NaN where they are not finite
}

const GENERIC_TOKENS = { webgpu: 2, wasm: 1 } as const;

type Expect = (check: string, actual: number, atLeast: number) => void;

/** What a device computed for the check image. */
export interface Observation {
  readonly features: Float32Array; // [tokens, hidden]
  readonly tokenIds: readonly number[];
  /** Probability of each of `tokenIds` over that of its position's likeliest token. */
  readonly likelihoods: readonly number[];
}

/**
 * Encodes the check image and decodes a few tokens.
 *
 * @param answer ids to follow, or how many to choose greedily
 */
export async function observe(
  runtime: Runtime,
  codec: TextCodec,
  { size, prompt, answer }: { size: number; prompt: string; answer: readonly number[] | number },
): Promise<Observation> {
  const features = await runtime.encodeImage(checkImage(size));
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
    return { features: features.values, tokenIds, likelihoods };
  } finally {
    decoding.dispose();
  }
}

function compare(expect: Expect, observed: Observation, check: SelfCheck): void {
  const sampled = observed.features.filter((_, index) => index % check.featureStride === 0);
  expect("cosine of features", cosine(sampled, check.features), check.minCosine);
  for (const likelihood of observed.likelihoods) {
    expect("likelihood of an expected token", likelihood, MIN_LIKELIHOOD);
  }
}

/**
 * int8 files may prefer another of two close tokens; garbage gives the expected one no chance at all
 * among a thousand or more.
 */
export const MIN_LIKELIHOOD = 0.05;

/** A model without a stored check: features must vary, and must differ for a different image. */
async function checkSanity(
  expect: Expect,
  runtime: Runtime,
  codec: TextCodec,
  { features }: Observation,
): Promise<void> {
  expectSpread(expect, features);
  // Kernels that are wrong for one driver or size are the GPU's. What the CPU computes was seen to
  // be finite, and its files are verified; a second image would only cost time.
  if (runtime.device === "wasm") return;
  const size = sizeFor(runtime, SANITY_SIZE);
  const first = await encodeValues(runtime, checkImage(size));
  const second = await encodeValues(runtime, {
    size,
    data: new Float32Array(3 * size * size).fill(0.5),
  });
  expect("difference between two pictures", 1 - cosine(first, second), 1e-6);
  // Attention kernels for long inputs have been wrong where those for short ones were right.
  const ids = codec.encode(LONG_TEXT);
  const atOnce = await lastLogits(runtime, [ids]);
  const inPieces = await lastLogits(runtime, inSmallPieces(ids));
  expect("agreement of long and short inputs", cosine(atOnce, inPieces), 0.998);
}

/** Side of the GPU's second image, in pixels. */
const SANITY_SIZE = 256;

/** The CPU's only one: one image token. */
const CPU_SIZE = 64;

/** The size that is wanted, where the encoder takes it. */
function sizeFor({ isImageSizeFree, imageSize }: Runtime, wanted: number): number {
  return isImageSizeFree ? wanted : imageSize;
}

async function encodeValues(runtime: Runtime, image: ImageTensor): Promise<Float32Array> {
  return (await runtime.encodeImage(image)).values;
}

function spread(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
