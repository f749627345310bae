/** Stored numbers as an app gives them: JSON from its source, which somebody may have edited. */

import type { SelfCheck } from "../protocol/model-descriptor.ts";

/** @throws {TypeError} when a field is not what a check needs */
export function readSelfCheck(given: SelfCheck): SelfCheck {
  const { prompt, expectedTokenIds, features, featureStride, minCosine, imageSize } = given;
  expectThat(typeof prompt === "string" && prompt !== "", "prompt", "a question");
  expectThat(isList(expectedTokenIds, isIndex), "expectedTokenIds", "a list of token ids");
  expectThat(isList(features, Number.isFinite), "features", "a list of numbers");
  expectThat(isIndex(featureStride) && featureStride > 0, "featureStride", "a positive integer");
  expectThat(minCosine > 0 && minCosine <= 1, "minCosine", "above 0 and at most 1");
  const isSize = imageSize === undefined || (imageSize > 0 && Number.isInteger(imageSize / 64));
  expectThat(isSize, "imageSize", "a multiple of 64");
  const size = imageSize === undefined ? {} : { imageSize };
  return { prompt, expectedTokenIds, features, featureStride, minCosine, ...size };
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isList(value: unknown, is: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(is);
}

function expectThat(is: boolean, field: string, what: string): void {
  if (is) return;
  throw new TypeError(
    `Expected \`selfCheck.${field}\` to be ${what}; make the check anew with \`fastvlm-selfcheck\``,
  );
}
