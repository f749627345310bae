import { describe, expect, it } from "vitest";
import { createConfidenceMeter } from "./confidence.ts";
import { logProbabilities, weighToken } from "./token-choice.ts";

/** Logits of the given probabilities. */
function logitsOf(shares: readonly number[], shift = 0): Float32Array {
  return Float32Array.from(shares, (share) => Math.log(share) + shift);
}

describe("weighToken", () => {
  it("gives a token's share of the softmax, and the entropy of it", () => {
    const choice = weighToken(logitsOf([0.5, 0.25, 0.125, 0.125], 300), 1);
    expect(choice.probability).toBeCloseTo(0.25, 5);
    expect(choice.entropy).toBeCloseTo(1.75 * Math.LN2, 5);
  });

  it("finds no doubt where one token has everything, and the most where all are equal", () => {
    const sure = weighToken(Float32Array.of(-Infinity, 40, -Infinity), 1);
    expect(sure).toEqual({ id: 1, probability: 1, entropy: 0 });
    const even = weighToken(new Float32Array(1000), 7);
    expect(even.probability).toBeCloseTo(0.001, 9);
    expect(even.entropy).toBeCloseTo(Math.log(1000), 6);
  });

  it("agrees with the logarithms", () => {
    const logits = Float32Array.from({ length: 500 }, (_, index) => Math.sin(index * 7) * 20);
    const [logarithm] = logProbabilities(logits, [42]);
    expect(Math.exp(logarithm!)).toBeCloseTo(weighToken(logits, 42).probability, 12);
  });

  it("computes sums as exactly as they are shown", () => {
    const logits = Float32Array.from({ length: 5000 }, (_, index) => Math.sin(index * 7) * 12);
    const exponentials = Array.from(logits, (logit) => Math.exp(logit));
    const sum = exponentials.reduce((total, one) => total + one, 0);
    const choice = weighToken(logits, 42);
    expect(choice.probability / (exponentials[42]! / sum)).toBeCloseTo(1, 5);
    const entropy = exponentials.reduce(
      (total, one) => total - (one / sum) * Math.log(one / sum),
      0,
    );
    expect(choice.entropy).toBeCloseTo(entropy, 4);
  });
});

describe("createConfidenceMeter", () => {
  it("gives mean and least of all tokens, and the entropy of the first", () => {
    const meter = createConfidenceMeter();
    meter.add({ id: 1, probability: 0.9, entropy: 0.4 });
    meter.add({ id: 2, probability: 0.3, entropy: 2 });
    meter.add({ id: 3, probability: 0.6, entropy: 1 });
    expect(meter.read()).toEqual({
      mean: expect.closeTo(0.6) as unknown,
      least: 0.3,
      firstTokenEntropy: 0.4,
    });
  });
});
