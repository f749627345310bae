import { afterEach, describe, expect, it, vi } from "vitest";
import { parseRetryAfter, readWait } from "./rate-limit.ts";

afterEach(() => {
  vi.useRealTimers();
});

const waitOf = (headers: Record<string, string>): number | undefined =>
  readWait(new Headers(headers));

describe("readWait", () => {
  it.each([
    ["nothing is said", {}, undefined],
    ["Retry-After", { "Retry-After": "7" }, 7000],
    ["Retry-After, whatever else", { "Retry-After": "7", RateLimit: '"api";r=0;t=55' }, 7000],
    ["a limit that is used up", { RateLimit: '"api";r=0;t=55' }, 55_000],
    ["spaces", { RateLimit: '"api"; r=0 ; t=55' }, 55_000],
    [
      "several limits: the one that is used up",
      { RateLimit: '"api";r=9;t=200, "resolvers";r=0;t=30' },
      30_000,
    ],
    ["several that are used up: the longest", { RateLimit: '"a";r=0;t=5, "b";r=0;t=30' }, 30_000],
    ["no limit that is used up: the longest", { RateLimit: '"a";r=1;t=5, "b";r=2;t=30' }, 30_000],
    ["the policy alone", { "RateLimit-Policy": '"fixed window";"api";q=500;w=300' }, 300_000],
    ["a name that looks like a parameter", { RateLimit: '"t=9";r=0' }, undefined],
    ["nonsense", { RateLimit: "soon", "Retry-After": "later" }, undefined],
    ["a negative time", { RateLimit: '"api";r=0;t=-5' }, undefined],
  ])("reads %s", (_, headers, expected) => {
    expect(waitOf(headers as Record<string, string>)).toBe(expected);
  });
});

describe("parseRetryAfter", () => {
  it.each([
    [null, undefined],
    ["0", 0],
    ["120", 120_000],
    ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
    ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
  ])("takes %j for %j ms", (header, expected) => {
    vi.useFakeTimers({ now: Date.UTC(2026, 0, 1) });
    expect(parseRetryAfter(header)).toBe(expected);
  });
});
