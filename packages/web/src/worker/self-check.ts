/**
 * The first real inference on a device, before it is accepted. Some GPUs compute wrong but finite
 * numbers, so with a stored check of the model's own, features and first tokens must be the
 * reference's; without one, the numbers must at least be sane and follow the picture.
 */

import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor, SelfCheck } from "../protocol/model-descriptor.ts";
import type { ImageTensor, Runtime, TextCodec } from "../model/runtime.ts";
import { fillImages, layOutPrompt } from "../model/prompt.ts";
import { argmax } from "../model/sampling.ts";
import { checkPicture } from "../model/check-picture.ts";

/** @throws {VlmError} `device-check-failed`, and what the runtime throws */
export async function checkDevice(
  runtime: Runtime,
  codec: TextCodec,
  model: ModelDescriptor,
): Promise<void> {
  const observed = await observe(runtime, codec, {
    size: model.imageSize,
    prompt: model.selfCheck?.prompt ?? model.captions.brief.prompt,
    tokenCount: model.selfCheck?.expectedTokenIds.length ?? GENERIC_TOKENS,
  });
  const expectation: Expectation = { device: runtime.device, expect };
  if (!observed.features.every(Number.isFinite)) expectation.expect("finite features", 0, 1);
  if (model.selfCheck) compare(expectation, observed, model.selfCheck);
  else await checkSanity(expectation, runtime, observed);
}

const GENERIC_TOKENS = 2;

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
}

/** Encodes the check picture and decodes a few tokens, greedily. */
export async function observe(
  runtime: Runtime,
  codec: TextCodec,
  { size, prompt, tokenCount }: { size: number; prompt: string; tokenCount: number },
): Promise<Observation> {
  const features = await runtime.encodeImage(checkPicture(size));
  const decoding = runtime.startDecoding();
  try {
    const pieces = layOutPrompt(codec, { text: prompt, system: undefined }, 1);
    const tokenIds = [argmax(await decoding.append(fillImages(pieces, [features])))];
    while (tokenIds.length < tokenCount) {
      tokenIds.push(argmax(await decoding.append([{ kind: "tokens", ids: tokenIds.slice(-1) }])));
    }
    return { features: await features.read(), tokenIds };
  } finally {
    decoding.dispose();
    features.dispose();
  }
}

function compare(expectation: Expectation, observed: Observation, check: SelfCheck): void {
  const sampled = observed.features.filter((_, index) => index % check.featureStride === 0);
  expectation.expect("cosine of features", cosine(sampled, check.features), check.minCosine);
  const right = check.expectedTokenIds.filter(
    (id, index) => observed.tokenIds[index] === id,
  ).length;
  expectation.expect("share of expected tokens", right / check.expectedTokenIds.length, 1);
}

/** A model without a stored check: features must vary, and must differ for a different picture. */
async function checkSanity(
  expectation: Expectation,
  runtime: Runtime,
  { features }: Observation,
): Promise<void> {
  expectation.expect("spread of features", spread(features), 1e-6);
  const size = SANITY_SIZE;
  const first = await encodeValues(runtime, checkPicture(size));
  const second = await encodeValues(runtime, {
    size,
    data: new Float32Array(3 * size * size).fill(0.5),
  });
  expectation.expect("difference between two pictures", 1 - cosine(first, second), 1e-6);
}

const SANITY_SIZE = 256;

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

/** @returns NaN when a vector is zero or not finite */
function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let lengthA = 0;
  let lengthB = 0;
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const [x, y] = [a[index] ?? NaN, b[index] ?? NaN];
    dot += x * y;
    lengthA += x * x;
    lengthB += y * y;
  }
  return dot / Math.sqrt(lengthA * lengthB);
}
