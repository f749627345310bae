import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readAvifHeader } from "./avif.ts";
import { craftItems, craftTrack, gridData } from "../fixtures/craft-avif.ts";
import { av1Frame, av1Sequence, type SequenceForm } from "../fixtures/craft-av1.ts";
import { bytesOf, craftAvif, FULL_BOX, ispe, isoBox, u16be, u32be } from "../fixtures/craft.ts";
import { readImageHeader } from "./sniff.ts";

describe("readAvifHeader", () => {
  it("takes the primary item's size, not a thumbnail's or the largest", () => {
    const bytes = craftAvif([ispe(16, 16), ispe(900, 900), ispe(300, 200)], [3]);
    expect(readAvifHeader(bytes)).toMatchObject({ width: 300, height: 200 });
  });

  it("takes the largest size where no item is tied to one", () => {
    const bytes = craftAvif([ispe(16, 16), ispe(900, 800), ispe(300, 200)], []);
    expect(readAvifHeader(bytes)).toMatchObject({ width: 900, height: 800 });
  });

  it.each([
    [0, 300, 200],
    [1, 200, 300],
    [2, 300, 200],
    [3, 200, 300],
  ])("turns the sides for a rotation of %i quarters", (quarters, width, height) => {
    // 0x82: index 2, marked essential.
    const bytes = craftAvif([ispe(300, 200), isoBox("irot", [quarters])], [1, 0x82]);
    expect(readAvifHeader(bytes)).toMatchObject({ width, height });
  });

  it("is asked for image sequences and for the generic brand", () => {
    for (const brands of ["avis\0\0\0\0msf1", "mif1\0\0\0\0miaf"]) {
      expect(readImageHeader(craftAvif([ispe(3, 2)], [1], brands)).kind).toBe("avif");
    }
  });

  it("refuses a file without a size", () => {
    expect(() => readAvifHeader(craftAvif([], []))).toThrow("has no size");
    expect(() => readAvifHeader(bytesOf(isoBox("ftyp", [])))).toThrow("has no `meta` box");
  });
});

const SMALL = { size: [64, 64], data: av1Sequence(64, 64) } as const;
const MALFORMED = expect.objectContaining({
  code: "image-unreadable",
  details: { reason: "malformed" },
}) as Error;

describe("a frame", () => {
  it.each(["avif-larger-frame.avif", "avif-sequence-larger-track.avif"])(
    "is refused where it is larger than the file says: %s",
    (file) => {
      const bytes = readFileSync(new URL(`../fixtures/faults/${file}`, import.meta.url));
      expect(() => readAvifHeader(bytes)).toThrow(MALFORMED);
    },
  );

  it("may be as large as its item, or smaller", () => {
    expect(readAvifHeader(craftItems([SMALL]))).toEqual({
      kind: "avif",
      planeBytes: 1.5,
      width: 64,
      height: 64,
      segments: 0,
      scans: 0,
    });
    const smaller = { size: [64, 64], data: av1Sequence(60, 3) } as const;
    expect(readAvifHeader(craftItems([smaller]))).toMatchObject({ width: 64, height: 64 });
  });

  const [larger] = [{ size: [64, 64], data: av1Sequence(65, 64) } as const];
  const itself = [...av1Sequence(64, 64), ...av1Frame(9000, 9000, "key")];
  const again = [...av1Sequence(64, 64), ...av1Sequence(9000, 9000)];
  it.each([
    ["the primary item", [larger]],
    ["an item without a size", [SMALL, { data: av1Sequence(65, 64) }]],
    ["an alpha plane", [SMALL, larger]],
    ["a frame that gives itself a size", [{ ...SMALL, data: itself }]],
    ["a second sequence header", [{ ...SMALL, data: again }]],
  ])("is refused in %s", (_, items) => {
    expect(() => readAvifHeader(craftItems(items))).toThrow(MALFORMED);
  });

  it("is read where the file announces it", () => {
    const config = isoBox("av1C", [0x81, 0, 0, 0], av1Sequence(9000, 9000));
    const bytes = craftAvif([ispe(64, 64), config], [1, 2]);
    expect(readAvifHeader(bytes)).toMatchObject({ width: 64 }); // no item, so nothing to decode
    const infe = isoBox("infe", [2, 0, 0, 0], u16be(1), [0, 0], [...bytesOf("av01")]);
    const iinf = isoBox("iinf", FULL_BOX, u16be(1), infe);
    const data = av1Sequence(64, 64);
    const place = [...u16be(1), 0, 1, 0, 0, ...u16be(1), ...u32be(0), ...u32be(data.length)];
    const iloc = isoBox("iloc", [1, 0, 0, 0], [0x44, 0], u16be(1), place);
    const meta = isoBox(
      "meta",
      FULL_BOX,
      ...[isoBox("pitm", FULL_BOX, [0, 1]), iinf, iloc, isoBox("idat", data)],
      isoBox(
        "iprp",
        isoBox("ipco", ispe(64, 64), config),
        isoBox("ipma", FULL_BOX, u32be(1), [0, 1, 2, 1, 2]),
      ),
    );
    expect(() => readAvifHeader(bytesOf(meta))).toThrow("holds a frame of 9000 × 9000");
  });

  it("has to be there", () => {
    expect(() => readAvifHeader(craftItems([{ ...SMALL, data: [0x12, 0] }]))).toThrow(
      "without an AV1 frame",
    );
    expect(() => readAvifHeader(craftItems([{ ...SMALL, data: [] }]))).toThrow(
      "ends before it gives its size",
    );
  });
});

describe("a grid", () => {
  const grid = (rows: number, columns: number, width: number, height: number) => ({
    type: "grid",
    size: [1000, 1000] as const,
    data: gridData(rows, columns, width, height),
  });
  const tile = { size: [512, 512], data: av1Sequence(512, 512) } as const;

  it("counts with all of its tiles, whatever is cut out of them", () => {
    const bytes = craftItems([grid(2, 2, 1000, 1000), tile], {
      references: [["dimg", 1, 2, 2, 2, 2]],
    });
    expect(readAvifHeader(bytes)).toMatchObject({
      width: 1000,
      height: 1000,
      decoded: { width: 1024, height: 1024 },
    });
  });

  it("counts with the tiles of its alpha plane", () => {
    const large = { size: [4000, 4000], data: av1Sequence(4000, 4000) } as const;
    const bytes = craftItems([SMALL, grid(4, 1, 64, 64), large], {
      references: [
        ["auxl", 2, 1],
        ["dimg", 2, 3, 3, 3, 3],
      ],
    });
    expect(readAvifHeader(bytes).decoded).toEqual({ width: 4000, height: 16_000 });
  });

  it("may not be larger than the file says", () => {
    expect(() => readAvifHeader(craftItems([grid(2, 2, 1001, 1000), tile]))).toThrow(MALFORMED);
  });
});

describe("items that belong to the image", () => {
  const large = { size: [5000, 4000], data: av1Sequence(5000, 4000) } as const;

  it.each([
    ["auxl", { width: 5000, height: 4000 }],
    ["thmb", undefined],
    ["cdsc", undefined],
  ])("count where they are decoded with it: %s", (type, decoded) => {
    const bytes = craftItems([SMALL, large], { references: [[type, 2, 1]] });
    expect(readAvifHeader(bytes).decoded).toEqual(decoded);
  });
});

describe("the samples of a pixel", () => {
  const craft = (form: SequenceForm, ...references: [string, number, number][]) => {
    const item = { size: [64, 64], data: av1Sequence(64, 64, form) } as const;
    return readAvifHeader(craftItems([item, item], { references })).planeBytes;
  };
  const deep = [1, 1] as const;
  const fields = (...bits: (0 | 1)[]) => bits.map((bit) => [bit, 1] as const);

  it.each<[string, SequenceForm, number]>([
    ["8 bits, colours at half the size", {}, 1.5],
    ["10 bits, colours at half the size", { colours: [deep, ...fields(0, 0, 0, 0, 0, 0)] }, 3],
    ["grey", { colours: fields(0, 1, 0, 0) }, 1],
    ["colours at full size", { profile: 1, colours: fields(0, 0, 0, 0) }, 3],
    ["colours at half the width", { profile: 2, colours: fields(0, 0, 0, 0, 0) }, 2],
    ["12 bits at full size", { profile: 2, colours: [deep, ...fields(1, 0, 0, 0, 0, 0)] }, 6],
    [
      "red, green and blue",
      { profile: 1, colours: [...fields(0, 1), [1, 8], [13, 8], [0, 8], [0, 1]] },
      3,
    ],
    ["grain, for which there is a second frame", { hasGrain: true }, 3],
  ])("%s", (_, form, bytes) => {
    expect(craft(form)).toBe(bytes);
  });

  it("count with those of an alpha plane", () => {
    expect(craft({}, ["auxl", 2, 1])).toBe(4.5);
  });

  it("are read in real files", () => {
    const read = (file: string) =>
      readAvifHeader(readFileSync(new URL(`../fixtures/corpora/pillow/${file}`, import.meta.url)));
    expect(read("hopper.avif").planeBytes).toBe(1.5);
    expect(read("transparency.avif").planeBytes).toBe(6);
  });
});

describe("a track", () => {
  const frame = av1Sequence(64, 64);
  const withTrack = (
    header: readonly [number, number],
    more: Partial<Parameters<typeof craftTrack>[0]> = {},
    data: readonly number[] = frame,
  ) => {
    const track = (at: number) => craftTrack({ header, at, bytes: data.length, ...more });
    const make = (at: number) => craftItems([SMALL], { more: [track(at), data] });
    return make(make(0).length - data.length);
  };

  it("may be as large as the image, also turned", () => {
    expect(readAvifHeader(withTrack([64, 64]))).toMatchObject({ width: 64, height: 64 });
    const bytes = craftItems([{ ...SMALL, size: [64, 90] }], {
      more: [craftTrack({ header: [90, 64], at: 0, bytes: 0 })],
    });
    expect(readAvifHeader(bytes)).toMatchObject({ width: 64, height: 90 });
  });

  it("is refused where it is larger: in its header, its description or its first frame", () => {
    expect(() => readAvifHeader(withTrack([65, 64]))).toThrow("has a track of 65 × 64");
    expect(() => readAvifHeader(withTrack([64, 64], { entry: [64, 65] }))).toThrow(MALFORMED);
    const large = [...frame, ...av1Frame(9000, 9000, "key")];
    expect(() => readAvifHeader(withTrack([64, 64], {}, large))).toThrow(
      "holds a frame of 9000 × 9000",
    );
  });

  it("counts only where it is AV1", () => {
    expect(readAvifHeader(withTrack([9000, 9000], { codec: "avc1" }))).toMatchObject({ width: 64 });
  });

  it("gives the size where there is no image beside it", () => {
    const ftyp = isoBox("ftyp", [...bytesOf("avis\0\0\0\0msf1")]);
    const track = craftTrack({ header: [300, 200], at: 0, bytes: 0 });
    expect(readAvifHeader(bytesOf(ftyp, track))).toMatchObject({ width: 300, height: 200 });
  });
});

describe("what readers may understand differently", () => {
  const meta = isoBox("meta", FULL_BOX, isoBox("iprp", isoBox("ipco")));

  it.each([
    ["two `meta` boxes", craftItems([SMALL], { more: [meta] })],
    ["two `pitm` boxes", craftItems([SMALL], { inMeta: [isoBox("pitm", FULL_BOX, [0, 1])] })],
    ["two `iprp` boxes", craftItems([SMALL], { inMeta: [isoBox("iprp", isoBox("ipco"))] })],
    ["gives one item two sizes", craftAvif([ispe(64, 64), ispe(65, 64)], [1, 2])],
  ])("is refused: %s", (fact, bytes) => {
    expect(() => readAvifHeader(bytes)).toThrow(fact);
  });

  it("is not what stands after the last box", () => {
    const bytes = craftItems([SMALL], { more: [[0, 0, 0, 5, 1, 2, 3, 4, 5]] });
    expect(readAvifHeader(bytes)).toMatchObject({ width: 64 });
  });
});

describe("lists that are longer than any image needs", () => {
  const infe = isoBox("infe", [2, 0, 0, 0], [0, 1, 0, 0], [...bytesOf("Exif")]);
  const many = (part: readonly number[], count: number) =>
    Array.from({ length: count }, () => part).flat();

  it.each([
    ["boxes", many(isoBox("skip"), 30_000)],
    [
      "items in `iloc`",
      isoBox("iloc", FULL_BOX, [0, 0], u16be(65_535), many([0, 1, 0, 0, 0, 0], 65_535)),
    ],
    ["pieces in `iloc`", isoBox("iloc", FULL_BOX, [0, 0], u16be(1), [0, 1, 0, 0], u16be(65_535))],
    [
      "references",
      isoBox("iref", FULL_BOX, many(isoBox("auxl", [0, 1], u16be(20), many([0, 1], 20)), 2000)),
    ],
    ["items", isoBox("iinf", FULL_BOX, [0, 0], many(infe, 30_000))],
  ])("are refused soon: %s", (_, part) => {
    const iprp = isoBox("iprp", isoBox("ipco", ispe(64, 64)));
    const bytes = bytesOf(isoBox("meta", FULL_BOX, part, iprp));
    const startedAt = performance.now();
    expect(() => readAvifHeader(bytes)).toThrow(/too many parts|lists one item twice/);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  it("are refused where pieces overlap to make more data than the file has", () => {
    const pieces = many([...u32be(0), ...u32be(1000)], 20);
    const iloc = isoBox("iloc", FULL_BOX, [0x44, 0], u16be(1), [0, 1, 0, 0], u16be(20), pieces);
    const iinf = isoBox(
      "iinf",
      FULL_BOX,
      u16be(1),
      isoBox("infe", [2, 0, 0, 0], u16be(1), [0, 0], [...bytesOf("av01")]),
    );
    const iprp = isoBox("iprp", isoBox("ipco", ispe(64, 64)));
    const meta = isoBox("meta", FULL_BOX, iinf, iloc, iprp, many([0], 900));
    expect(() => readAvifHeader(bytesOf(meta))).toThrow("uses its data more than once");
  });
});
