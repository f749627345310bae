import { afterEach, expect, it, vi } from "vitest";
import { guardCallback } from "./guard-callback.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

it("passes values on, and does nothing without a callback", () => {
  const seen: number[] = [];
  guardCallback((value: number) => seen.push(value))(1);
  guardCallback(undefined)(2);
  expect(seen).toEqual([1]);
});

it("gives what a callback throws to the page's error event and to nobody else", () => {
  const reportError = vi.fn();
  vi.stubGlobal("reportError", reportError);
  const error = new Error("the app's");
  const guarded = guardCallback(() => {
    throw error;
  });
  guarded(1);
  expect(reportError.mock.calls).toEqual([[error]]);
});
