/** The small model of the official exporters, in a browser. */

import type { Page } from "@playwright/test";
import {
  decoderName,
  readReference,
  type ExportedDecoder,
} from "../packages/web/test/exported-files.ts";
import type { SeenCall, SeenNumbers } from "./harness/numbers.ts";
import { expect } from "./fixtures.ts";

const reference = readReference();

export interface Files {
  readonly vision: string;
  readonly embed: string;
  readonly dtype: ExportedDecoder;
}

/** Features at the sizes, and logits over a prompt, steps and a fork, as the page's browser has them. */
export function readNumbers(
  page: Page,
  device: "webgpu" | "wasm",
  { vision, embed, dtype }: Files,
  { sides, fault }: { readonly sides: readonly number[]; readonly fault?: string },
): Promise<SeenNumbers> {
  const { steps, fork } = reference.logits[dtype];
  const at = (name: string): string => `/models/exported-fastvlm/onnx/${name}.onnx`;
  const request = {
    device,
    model: "fastvlm" as const,
    graphs: { vision: at(vision), embed: at(embed), decoder: at(decoderName(dtype)) },
    pictures: sides.map((side) => ({ picture: side, stride: reference.features[side]!.stride })),
    steps: steps.map(({ ids }) => ids),
    fork: fork.map(({ ids }) => ids),
    logitStride: reference.logits.stride,
  };
  return page.evaluate(({ request, fault }) => window.kit.readNumbers(request, fault), {
    request,
    fault,
  });
}

/** Holds features to PyTorch's and logits to native ONNX Runtime's. */
export function expectNumbers(
  seen: SeenNumbers,
  {
    dtype,
    sides,
    features,
    logits,
  }: {
    readonly dtype: ExportedDecoder;
    readonly sides: readonly number[];
    /** How far features and logits may be off. */
    readonly features: number;
    readonly logits: number;
  },
): void {
  for (const [index, side] of sides.entries()) {
    const { tokens, values } = reference.features[side]!;
    expect(seen.features[index]!.tokens).toBe(tokens);
    // The reference has the first of the samples.
    const samples = seen.features[index]!.values.slice(0, values.length);
    expect(largestDifference(samples, values), `features of ${side} px`).toBeLessThan(features);
  }
  const expected = reference.logits[dtype];
  for (const part of ["steps", "fork"] as const) {
    const calls: readonly SeenCall[] = seen[part];
    expect(calls.length).toBe(expected[part].length);
    for (const [index, { values, likeliest, choice, weighed }] of calls.entries()) {
      const call = expected[part][index]!;
      expect(largestDifference(values, call.values), `${part} ${index}`).toBeLessThan(logits);
      expect(likeliest).toBe(call.likeliest);
      expect(choice.probability).toBeCloseTo(weighed.probability, 4);
      expect(choice.entropy).toBeCloseTo(weighed.entropy, 3);
    }
  }
}

function largestDifference(some: readonly number[], others: readonly number[]): number {
  expect(some.length).toBe(others.length);
  return some.reduce((most, value, index) => Math.max(most, Math.abs(value - others[index]!)), 0);
}
