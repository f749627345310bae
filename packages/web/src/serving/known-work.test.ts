import { describe, expect, it } from "vitest";
import { makeCall } from "../../test/results.ts";
import type { GenerateCall } from "../wire/worker-api.ts";
import { createKnownWork } from "./known-work.ts";

const image = (id: string) => ({ kind: "data", url: "data:,", id }) as const;

const ask = (change: Partial<GenerateCall>) => makeCall({ reuses: true, ...change });

describe("known work", () => {
  it("knows images by their names, and counts how many of a call's it knows", () => {
    const known = createKnownWork();
    known.note(ask({ images: [image("1")], prompt: "One?" }));
    expect(known.shareOf(ask({ images: [image("1")], prompt: "Two?" }))).toBeCloseTo(1);
    expect(known.shareOf(ask({ images: [image("1"), image("2")] }))).toBeCloseTo(0.45);
    expect(known.shareOf(ask({ images: [image("2")] }))).toBe(0);
    expect(
      known.shareOf({
        id: 1,
        image: image("1"),
        fit: undefined,
        detail: undefined,
        targetLatencyMs: undefined,
      }),
    ).toBeCloseTo(0.9);
    known.clear();
    expect(known.shareOf(ask({ images: [image("1")] }))).toBe(0);
  });

  it("knows the beginning of a prompt without images, unless nothing may be reused", () => {
    const known = createKnownWork();
    known.note(ask({ images: [], system: "Be short." }));
    expect(known.shareOf(ask({ images: [], system: "Be short.", prompt: "Else?" }))).toBe(1);
    expect(known.shareOf(ask({ images: [], system: "Be long." }))).toBe(0);
    expect(known.shareOf(ask({ images: [], system: "Be short.", reuses: false }))).toBe(0);
  });
});
