/**
 * Runs a first real inference on a device before it is accepted, because some GPUs compute wrong but finite numbers. If the
 * model has expected numbers, features and first tokens have to match them. Otherwise the numbers have to be plausible,
 * have to depend on the image, and have to be the same for a prompt at once and in pieces.
 */

import type { ModelDescriptor, SelfCheck } from "../protocol/model-descriptor.ts";
import type { ImageTensor, Runtime, TextCodec } from "../engines/runtime.ts";
import { fillImages, layOutPrompt } from "../generation/prompt.ts";
import { argmax } from "../generation/sampling.ts";
import { drawCheckImage, greyImage } from "../generation/check-image.ts";
import { cosine } from "../generation/cosine.ts";
import type { ImageForm, ModelSetup } from "../families/family.ts";
import { checkTile, sideFor } from "./check-tile.ts";
import { inSmallPieces, lastLogits, LONG_TEXT } from "./long-and-short.ts";
import { assertFigure } from "./assert-figure.ts";

/** What belongs to the model: how it is asked and shown images. */
export interface AskedModel {
  readonly codec: TextCodec;
  readonly setup: Pick<ModelSetup, "prompt" | "images">;
}

/** @throws {VlmError} `device-check-failed`, and the errors of the runtime */
export async function checkDevice(
  runtime: Runtime,
  asked: AskedModel,
  model: ModelDescriptor,
): Promise<void> {
  const { images } = asked.setup;
  const { selfCheck: stored } = model;
  const observed = await observe(runtime, asked, {
    size: stored ? (stored.imageSize ?? runtime.imageSize) : sizeWithoutStored(runtime, images),
    prompt: stored?.prompt ?? model.captions.brief.prompt,
    answer: stored?.expectedTokenIds ?? GENERIC_TOKENS[runtime.device],
  });
  const expect: Expect = (check, actual, atLeast) => {
    assertFigure({ device: runtime.device, check, actual, atLeast });
  };
  if (!observed.features.every(Number.isFinite)) expect("finite features", 0, 1);
  if (!stored) return checkSanity(expect, runtime, asked, observed);
  compare(expect, observed, stored);
  const isOtherSize = stored.imageSize !== undefined && stored.imageSize !== runtime.imageSize;
  if (runtime.device !== "webgpu" || !isOtherSize) return;
  // The expected numbers are for a small image, to spare the CPU. A GPU may fail at the full size only.
  const own = drawCheckImage(runtime.imageSize, images.range);
  assertSpread(expect, await encodeValues(runtime, own));
}

/**
 * The size of the image for a check without expected numbers. A GPU may fail at the full size only, and its first run is
 * slow at any size. A CPU needs seconds for the full size, and computes a small image in the same way.
 */
function sizeWithoutStored(runtime: Runtime, { checkSides }: ImageForm): number {
  return runtime.device === "webgpu" ? runtime.imageSize : sideFor(runtime, checkSides.least);
}

function assertSpread(expect: Expect, features: Float32Array): void {
  expect("spread of features", spread(features), 1e-6); // NaN where they are not finite
}

const GENERIC_TOKENS = { webgpu: 2, wasm: 1 } as const;

type Expect = (check: string, actual: number, atLeast: number) => void;

/** The numbers that a device computed for the check image. */
export interface Observation {
  readonly features: Float32Array; // [tokens, hidden]
  readonly tokenIds: readonly number[];
  /** The probability of each of `tokenIds`, divided by that of the likeliest token at its position. */
  readonly likelihoods: readonly number[];
}

/**
 * Encodes the check image and decodes a few tokens.
 *
 * @param answer the ids to follow, or the number of ids to choose greedily
 */
export async function observe(
  runtime: Runtime,
  { codec, setup }: AskedModel,
  { size, prompt, answer }: { size: number; prompt: string; answer: readonly number[] | number },
): Promise<Observation> {
  const { image, pieces: inPrompt } = checkTile(setup.images, size);
  const features = await runtime.encodeImage(image);
  const decoding = runtime.startDecoding();
  try {
    const pieces = layOutPrompt(codec, setup.prompt, { text: prompt, system: undefined }, [
      inPrompt,
    ]);
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
 * The least likelihood of an expected token. An int8 file may prefer another one of two close tokens. With wrong numbers the
 * expected token is one of a thousand or more, and far below this limit.
 */
export const MIN_LIKELIHOOD = 0.05;

/** Checks a model without expected numbers: its features have to vary, and to differ for another image. */
async function checkSanity(
  expect: Expect,
  runtime: Runtime,
  { codec, setup }: AskedModel,
  { features }: Observation,
): Promise<void> {
  assertSpread(expect, features);
  // Only GPUs have kernels that are wrong for one driver or size. The CPU's numbers were seen to
  // be finite, and its files are verified; a second image would only cost time.
  if (runtime.device === "wasm") return;
  const { checkSides, range } = setup.images;
  const size = sideFor(runtime, checkSides.small);
  const first = await encodeValues(runtime, drawCheckImage(size, range));
  const second = await encodeValues(runtime, greyImage(size, range));
  expect("difference between two images", 1 - cosine(first, second), 1e-6);
  // Attention kernels for long inputs have been wrong while those for short inputs were right.
  const ids = codec.encode(LONG_TEXT);
  const atOnce = await lastLogits(runtime, [ids]);
  const inPieces = await lastLogits(runtime, inSmallPieces(ids));
  expect("agreement of long and short inputs", cosine(atOnce, inPieces), 0.998);
}

async function encodeValues(runtime: Runtime, image: ImageTensor): Promise<Float32Array> {
  return (await runtime.encodeImage(image)).values;
}

function spread(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
