import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteCodec } from "../../test/fake-runtime.ts";
import { createTextStream } from "./text-stream.ts";

/** What every byte of `text` releases, until a stop. */
function stream(text: string | readonly number[], stop: readonly string[] = []) {
  const one = createTextStream(byteCodec, stop);
  const released: string[] = [];
  for (const id of typeof text === "string" ? byteCodec.encode(text) : text) {
    const delta = one.push(id);
    released.push(delta.text);
    if (delta.isStopped) return { released, text: one.text, isStopped: true };
  }
  const rest = one.flush();
  released.push(rest.text);
  return { released, text: one.text, isStopped: rest.isStopped };
}

describe("createTextStream", () => {
  it("gives out text as soon as it is final", () => {
    expect(stream("abc").released).toEqual(["a", "b", "c", ""]);
  });

  it("holds back a character until its last byte", () => {
    expect(stream("é!").released).toEqual(["", "é", "!", ""]);
    expect(stream("😀").released).toEqual(["", "", "", "😀", ""]);
  });

  it("gives out what is left of a broken character at the end", () => {
    expect(stream([0x61, 0xf0, 0x9f]).text).toBe("a\uFFFD");
  });

  it("goes on after bytes that are no character", () => {
    expect(stream([0x61, 0xff, 0x62, 0x63]).released).toEqual(["a", "", "\uFFFDb", "c", ""]);
  });

  it("ends before a stop string that arrives in pieces, and never shows its beginning", () => {
    const { released, text, isStopped } = stream("Yes.\nQ: and", ["\nQ:"]);
    expect(released.join("")).toBe("Yes.");
    expect(text).toBe("Yes.");
    expect(isStopped).toBe(true);
  });

  it("gives back held text that turned out to begin no stop string", () => {
    expect(stream("aSTOa", ["STOP"]).released).toEqual(["a", "", "", "", "STOa", ""]);
    expect(stream("aSTO", ["STOP"])).toMatchObject({ text: "aSTO", isStopped: false });
  });

  it("looks for the longest beginning of any stop string", () => {
    expect(stream("aab.", ["aab!", "b?"]).text).toBe("aab.");
    expect(stream("aaab!", ["aab!"])).toMatchObject({ text: "a", isStopped: true });
  });

  it("ends with no text at a stop string at the beginning", () => {
    expect(stream("STOP", ["STOP"])).toEqual({
      released: ["", "", "", ""],
      text: "",
      isStopped: true,
    });
  });

  it("ends at the earliest of several stop strings", () => {
    const one = createTextStream(
      { ...byteCodec, decode: (ids) => "one two three".slice(0, 13 * ids.length) },
      ["three", "two"],
    );
    expect(one.push(0)).toEqual({ text: "one ", isStopped: true });
  });

  it("ends at a stop string whose last character only the flush completes", () => {
    expect(stream([0x61, 0xf0], ["\uFFFD"])).toMatchObject({ text: "a", isStopped: true });
  });

  it("gives out any text as it was, in whole characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const { released } = stream(text);
        expect(released.join("")).toBe(text);
        for (const part of released) expect(part).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });

  it("ends any text exactly before its first stop string", () => {
    const few = fc.string({ unit: fc.constantFrom("a", "b", "é") });
    fc.assert(
      fc.property(
        few,
        fc.array(
          few.filter((one) => one !== ""),
          { minLength: 1, maxLength: 2 },
        ),
        (text, stop) => {
          const { released, isStopped } = stream(text, stop);
          const shown = released.join("");
          expect(text.startsWith(shown)).toBe(true);
          for (const one of stop) expect(shown).not.toContain(one);
          expect(isStopped).toBe(stop.some((one) => text.includes(one)));
          if (!isStopped) expect(shown).toBe(text);
        },
      ),
    );
  });
});
