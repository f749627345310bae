import { describe, expect, it } from "vitest";
import { makeResult } from "../../test/results.ts";
import { VlmError } from "../protocol/errors.ts";
import { errorTypeOf, toAnsweredCall, toUnansweredCall } from "./ended-call.ts";

const BEGUN = { startedAt: 1000, task: "brief", imageKinds: ["file"] } as const;

it("tells how a call was answered, and nothing of the answer", () => {
  const result = makeResult({ text: "private answer" });
  const call = toAnsweredCall(BEGUN, 25, result);
  expect(call).toMatchObject({
    ...BEGUN,
    durationMs: 25,
    outcome: "answered",
    result: { cached: false, device: "wasm", timings: result.timings, tokens: result.tokens },
  });
  expect(JSON.stringify(call)).not.toContain("private");
});

it("tells a call that the caller gave up from one that failed", () => {
  const error = new VlmError("timeout", "Late.", { timeoutMs: 1, stage: "queue" });
  expect(toUnansweredCall(BEGUN, 5, error, true)).toEqual({
    ...BEGUN,
    durationMs: 5,
    outcome: "aborted",
  });
  expect(toUnansweredCall(BEGUN, 5, error, false)).toEqual({
    ...BEGUN,
    durationMs: 5,
    outcome: "failed",
    errorType: "timeout",
  });
});

describe("errorTypeOf", () => {
  it.each([
    [new TypeError("`detail` is wrong"), "TypeError"],
    [new DOMException("Disposed.", "InvalidStateError"), "InvalidStateError"],
    // Anybody's error may have a name with content in it.
    [Object.assign(new Error("x"), { name: "Cannot read /home/me/cat.png" }), "_OTHER"],
    ["a string", "_OTHER"],
  ])("%s", (error, type) => {
    expect(errorTypeOf(error)).toBe(type);
  });
});
