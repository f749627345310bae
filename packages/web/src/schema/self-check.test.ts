import { describe, expect, it } from "vitest";
import type { SelfCheck } from "../protocol/model-descriptor.ts";
import { fastvlm05b } from "../catalog/fastvlm-05b.ts";

const CHECK: SelfCheck = {
  prompt: "Describe this image.",
  expectedTokenIds: [32, 865],
  features: [0.5, -1],
  featureStride: 3,
  minCosine: 0.97,
};

describe("fastvlm05b with stored numbers", () => {
  it("has them in its descriptor, and nothing else that the JSON had", () => {
    expect(fastvlm05b({ selfCheck: CHECK }).selfCheck).toEqual(CHECK);
    const sized = { ...CHECK, imageSize: 256, note: "of mine" };
    expect(fastvlm05b({ selfCheck: sized }).selfCheck).toEqual({ ...CHECK, imageSize: 256 });
    expect("selfCheck" in fastvlm05b()).toBe(false);
  });

  it.each<[keyof SelfCheck, unknown]>([
    ["prompt", ""],
    ["prompt", undefined],
    ["expectedTokenIds", []],
    ["expectedTokenIds", [1.5]],
    ["expectedTokenIds", "32"],
    ["features", []],
    ["features", [1, null]],
    ["featureStride", 0],
    ["minCosine", 0],
    ["minCosine", 1.1],
    ["minCosine", undefined],
    ["imageSize", 100],
    ["imageSize", 0],
  ])("refuses a wrong %s: %j", (field, value) => {
    const selfCheck = { ...CHECK, [field]: value };
    expect(() => fastvlm05b({ selfCheck })).toThrow(
      new RegExp(`^Expected \`selfCheck.${field}\` to be .*fastvlm-selfcheck`),
    );
  });
});
