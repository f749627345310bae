import { describe, expect, it } from "vitest";
import { assertTextLength, roomForAnswer } from "./room-for-answer.ts";

describe("roomForAnswer", () => {
  it("gives an answer what the prompt leaves, and no more than it wants", () => {
    expect(roomForAnswer(90, 128, 100)).toBe(10);
    expect(roomForAnswer(90, 4, 100)).toBe(4);
    expect(roomForAnswer(99, 4, 100)).toBe(1);
  });

  it("says how many tokens a prompt has too many", () => {
    expect(() => roomForAnswer(117, 4, 100)).toThrow("18 too many");
    expect(() => roomForAnswer(100, 4, 100)).toThrow(
      expect.objectContaining({ details: { tokens: 100, limit: 100, excess: 1 } }),
    );
  });
});

describe("assertTextLength", () => {
  /** Four characters a token, and counts what it was asked to encode. */
  const countingCodec = () => {
    const seen = { characters: 0 };
    const encode = (text: string): number[] => {
      seen.characters += text.length;
      return new Array<number>(Math.ceil(text.length / 4)).fill(7);
    };
    return { seen, encode };
  };

  it("refuses a text of megabytes after a look at its beginning", () => {
    const codec = countingCodec();
    const texts = ["Be brief.", "x".repeat(8e6)];
    expect(() => {
      assertTextLength(texts, codec, 2048);
    }).toThrow(expect.objectContaining({ code: "context-overflow" }));
    expect(() => {
      assertTextLength(texts, codec, 2048);
    }).toThrow("about 2000002 tokens");
    expect(codec.seen.characters).toBeLessThan(5000);
  });

  it("leaves it to the tokens whether a shorter text fits", () => {
    const codec = countingCodec();
    assertTextLength(["x".repeat(16_000), "y".repeat(16_000)], codec, 2048);
    expect(codec.seen.characters).toBe(0);
  });
});
