import { describe, expect, expectTypeOf, it } from "vitest";
import {
  fromWireError,
  toWireError,
  VlmError,
  type VlmErrorDetails,
  type WireError,
} from "./errors.ts";
import { toSafeText } from "./safe-text.ts";

/** Over a real channel, as from the worker to the page. */
async function cross(thrown: unknown): Promise<Error> {
  const { port1, port2 } = new MessageChannel();
  const arrived = new Promise<WireError>((resolve) => {
    port2.onmessage = ({ data }: MessageEvent<WireError>) => {
      resolve(data);
    };
  });
  port1.postMessage(toWireError(thrown));
  try {
    return fromWireError(await arrived);
  } finally {
    port1.close();
    port2.close();
  }
}

const tooLarge = new VlmError("image-too-large", "Too large. Shrink it.", {
  what: "side",
  actual: 20_000,
  limit: 16_384,
});

describe("an error that crosses to the page", () => {
  it("keeps class, code, details, message and stack", async () => {
    const error = await cross(tooLarge);
    expect(error).toBeInstanceOf(VlmError);
    expect(VlmError.is(error, "image-too-large") && error.details).toEqual(tooLarge.details);
    expect(error.name).toBe("VlmError");
    expect(error.message).toBe("Too large. Shrink it.");
    expect(error.stack).toBe(toSafeText(tooLarge.stack!));
  });

  it("keeps its causes, of whatever class", async () => {
    const cause = new TypeError("inner", { cause: tooLarge });
    const error = await cross(
      new VlmError("generation-failed", "outer", { stage: "vision" }, { cause }),
    );
    expect(error.cause).toBeInstanceOf(TypeError);
    expect((error.cause as Error).message).toBe("inner");
    expect(VlmError.is((error.cause as Error).cause, "image-too-large")).toBe(true);
  });

  it("survives a cause that is its own cause", async () => {
    const error = new Error("again");
    error.cause = error;
    let depth = 0;
    for (let one: unknown = await cross(error); one !== undefined; one = (one as Error).cause)
      depth++;
    expect(depth).toBe(5);
  });

  it("stays a TypeError, and has no cause where it had none", async () => {
    const error = await cross(new TypeError("wrong"));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe("wrong");
    expect("cause" in error).toBe(false);
  });

  it("stays an AbortError by name", async () => {
    const error = await cross(new DOMException("enough", "AbortError"));
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "AbortError", message: "enough" });
  });

  it("keeps the name of a class that the other side does not have", async () => {
    class QuotaError extends Error {
      override name = "QuotaError";
    }
    expect(await cross(new QuotaError("full"))).toMatchObject({
      name: "QuotaError",
      message: "full",
    });
  });

  it.each([
    ["a string", "a string"],
    [404, "404"],
    [undefined, "undefined"],
    [null, "null"],
    [Symbol("s"), "Symbol(s)"],
    [{ code: 1 }, "[object Object]"],
    [Object.create(null), "[object Object]"],
    [{ name: 1, message: () => 2 }, "[object Object]"],
  ])("becomes an Error when it was none: %o", async (thrown, message) => {
    const error = await cross(thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "Error", message });
  });
});

describe("VlmError", () => {
  it("is recognised across duplicates of its class", () => {
    class Duplicate extends Error {
      code = "timeout";
    }
    const foreign = new Duplicate("late");
    expect(VlmError.is(foreign)).toBe(false);
    Object.defineProperty(foreign, Symbol.for("fastvlm-kit.error"), { value: true });
    expect(VlmError.is(foreign)).toBe(true);
    expect(VlmError.is(foreign, "timeout")).toBe(true);
    expect(VlmError.is(foreign, "device-lost")).toBe(false);
  });

  it("is not seen in other things", () => {
    for (const value of [
      undefined,
      null,
      "timeout",
      1,
      {},
      new Error("timeout"),
      { code: "timeout" },
    ]) {
      expect(VlmError.is(value)).toBe(false);
    }
  });

  it("shows no brand to whoever looks at its own properties", () => {
    expect(Object.keys(tooLarge).sort()).toEqual(["code", "details", "name"]);
  });

  it("types details by code", () => {
    const error: unknown = tooLarge;
    if (VlmError.is(error, "image-too-large")) {
      expectTypeOf(error.details).toEqualTypeOf<VlmErrorDetails["image-too-large"]>();
      expectTypeOf(error.details.limit).toBeNumber();
    }
    if (VlmError.is(error)) expectTypeOf(error.code).toEqualTypeOf<keyof VlmErrorDetails>();
    // @ts-expect-error -- details of another code
    new VlmError("timeout", "late", { reason: "late" });
    // @ts-expect-error -- no such code
    new VlmError("late", "late", {});
  });
});
