import { describe, expect, it } from "vitest";
import { newTally, readAv1Size } from "./av1.ts";
import { av1Frame, av1Sequence, av1Unit, type SequenceForm } from "../fixtures/craft-av1.ts";

function read(...units: readonly (readonly number[])[]) {
  return readAv1Size(Uint8Array.from(units.flat()), newTally());
}

const DELIMITER = av1Unit(2, []);
const ALL = { hasDecoderModel: true, hasFrameIds: true, hasOrderHints: true };

describe("readAv1Size", () => {
  it.each<SequenceForm>([
    {},
    { isReduced: true },
    { hasDecoderModel: true },
    { hasOrderHints: true },
    ALL,
  ])("reads the size in a sequence header of the form %o", (form) => {
    const size = { width: 65_536, height: 300 };
    expect(read(DELIMITER, av1Sequence(65_536, 300, form))).toEqual(size);
  });

  it("takes the largest of several sequence headers, side by side", () => {
    const units = [av1Sequence(64, 900), av1Sequence(4000, 3), av1Sequence(10, 10)];
    expect(read(...units)).toEqual({ width: 4000, height: 900 });
  });

  describe.each(["key", "hidden key", "inter", "switch"] as const)("a %s frame", (type) => {
    it.each<SequenceForm>([
      {},
      { hasDecoderModel: true },
      { hasFrameIds: true },
      { hasOrderHints: true },
      ALL,
    ])("is read where it is larger than its sequence says, in the form %o", (form) => {
      const frame = av1Frame(16_384, 12_345, type, form);
      const size = { width: 16_384, height: 12_345 };
      expect(read(av1Sequence(64, 64, form), frame)).toEqual(size);
    });
  });

  it("finds what lies in a layer, and behind other units", () => {
    const metadata = av1Unit(5, [1, 2, 3]);
    const layered = av1Unit(1, av1Sequence(70, 80).slice(2), 0x28);
    expect(read(DELIMITER, metadata, layered)).toEqual({ width: 70, height: 80 });
  });

  it("knows no size without a sequence header", () => {
    expect(read()).toBeUndefined();
    expect(read(DELIMITER, av1Frame(70, 80, "key"))).toBeUndefined();
  });

  it("takes a unit without a length as the rest, and leaves the end of a cut unit alone", () => {
    const [head, , ...body] = av1Sequence(70, 80);
    expect(read([head! & ~0x02, ...body])).toEqual({ width: 70, height: 80 });
    expect(read(av1Sequence(70, 80), [0x32, 0xff, 0x7f, 0x10, 0x00])).toEqual({
      width: 70,
      height: 80,
    });
  });

  it("says so where the sequence header itself is cut", () => {
    expect(() => read(av1Sequence(70, 80).slice(0, 6))).toThrow("ends before it gives its size");
  });

  it("takes the frames of several layers, and refuses hidden frames without end", () => {
    const hidden = (count: number) =>
      Array.from({ length: count }, () => av1Frame(70, 80, "hidden key"));
    expect(read(av1Sequence(70, 80), ...hidden(16))).toEqual({ width: 70, height: 80 });
    expect(() => read(av1Sequence(70, 80), ...hidden(17))).toThrow("too many frames");
  });

  it("gives up on data of very many units", () => {
    const data = new Uint8Array(4_000_000).fill(0x12);
    expect(() => readAv1Size(data, newTally())).toThrow("too many parts");
  });
});
