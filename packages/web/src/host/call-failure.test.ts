import { describe, expect, it } from "vitest";
import { fromWireError, toWireError, VlmError } from "../protocol/errors.ts";
import { WrongArgument } from "../protocol/wrong-argument.ts";
import { toCallFailure } from "./call-failure.ts";

const { signal } = new AbortController();

describe("what a call fails with", () => {
  it.each([
    new TypeError("undefined is not a function"),
    new DOMException("The object cannot be cloned", "DataCloneError"),
    "a string",
    undefined,
  ])("is generation-failed, with %s as its cause, also on the page", (thrown) => {
    const error = toCallFailure(thrown, "prefill", signal);
    expect(error).toMatchObject({ code: "generation-failed", details: { stage: "prefill" } });
    expect((error as VlmError).cause).toBe(thrown);
    const seen = fromWireError(toWireError(error));
    expect(VlmError.is(seen, "generation-failed")).toBe(true);
    expect(seen.message).toContain("in its prefill stage");
    if (thrown instanceof TypeError) expect(seen.cause).toBeInstanceOf(TypeError);
  });

  it("stays what it is where it has a code already, or where the call was cancelled", () => {
    const typed = new VlmError("context-overflow", "Too long.", { tokens: 2, limit: 1, excess: 2 });
    expect(toCallFailure(typed, "prefill", signal)).toBe(typed);
    const argument = new WrongArgument("`format` is wrong.");
    expect(toCallFailure(argument, "prefill", signal)).toBe(argument);
    expect(fromWireError(toWireError(argument))).toMatchObject({ name: "TypeError" });
    const reason = new DOMException("enough", "AbortError");
    expect(toCallFailure(reason, "decode", AbortSignal.abort(reason))).toBe(reason);
  });
});
