import fc from "fast-check";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { VlmError } from "../../protocol/errors.ts";
import {
  bytesOf,
  craftAvif,
  craftGif,
  craftJpeg,
  craftPng,
  craftWebpCanvas,
  ispe,
  jpegFrame,
  webpAnimationFrame,
  webpLossy,
} from "../fixtures/craft.ts";
import { av1Frame, av1Sequence } from "../fixtures/craft-av1.ts";
import { craftItems, craftTrack, gridData } from "../fixtures/craft-avif.ts";
import { readImageHeader } from "./sniff.ts";

const CORPORA = new URL("../fixtures/corpora/", import.meta.url);
const FAULTS = new URL("../fixtures/faults/", import.meta.url);

/**
 * "kind width×height", or the error's code and its one detail. Where the table says a size although
 * the file is broken, the damage lies past the header: the decoder's business.
 */
const EXPECTED: Readonly<Record<string, string>> = {
  "exif-orientation/Landscape_1.head.jpg": "jpeg 1800×1200",
  "exif-orientation/Landscape_2.head.jpg": "jpeg 1800×1200",
  "exif-orientation/Landscape_3.head.jpg": "jpeg 1800×1200",
  "exif-orientation/Landscape_4.head.jpg": "jpeg 1800×1200",
  "exif-orientation/Landscape_5.head.jpg": "jpeg 1800×1200", // stored as 1200×1800, as are 6 to 8
  "exif-orientation/Landscape_6.head.jpg": "jpeg 1800×1200",
  "exif-orientation/Landscape_7.head.jpg": "jpeg 1800×1200",
  "exif-orientation/Landscape_8.head.jpg": "jpeg 1800×1200",
  "pillow/1_trns.png": "png 64×64",
  "pillow/anim_frame1.webp": "webp 82×82",
  "pillow/app13-multiple.jpg": "jpeg 256×160",
  "pillow/app13.jpg": "jpeg 4×4",
  "pillow/badbitcount.bmp": "bmp 127×64",
  "pillow/badheadersize.bmp": "image-unreadable malformed",
  "pillow/badplanes.bmp": "bmp 127×64",
  "pillow/badwidth.bmp": "image-unreadable malformed",
  "pillow/broken.png": "image-unreadable malformed",
  "pillow/broken_exif_dpi.jpg": "jpeg 100×100",
  "pillow/decompression_bomb.gif": "gif 65535×66601",
  "pillow/decompression_bomb_extents.gif": "gif 100×100", // the bomb is a later frame, never shown
  "pillow/exif_gps.jpg": "jpeg 8×8",
  "pillow/hopper-missing-pixi.avif": "avif 128×128",
  "pillow/hopper.avif": "avif 128×128",
  "pillow/pal1.bmp": "bmp 127×64",
  "pillow/pal8os2.bmp": "bmp 127×64",
  "pillow/pal8os2v2-16.bmp": "bmp 127×64",
  "pillow/pal8os2v2.bmp": "bmp 127×64",
  "pillow/pal8topdown.bmp": "bmp 127×64",
  "pillow/pal8v5.bmp": "bmp 127×64",
  "pillow/reallybig.bmp": "bmp 3000000×2000000",
  "pillow/rgb32h52.bmp": "bmp 127×64",
  "pillow/rgba32h56.bmp": "bmp 127×64",
  "pillow/rot0mir0.avif": "avif 640×427",
  "pillow/rot1mir0.avif": "avif 640×427", // stored as 427×640, as is the next
  "pillow/rot3mir1.avif": "avif 640×427",
  "pillow/shortfile.bmp": "bmp 127×64",
  "pillow/split_fdat.png": "png 128×64",
  "pillow/transparency.avif": "avif 64×64",
  "pngsuite/basi6a16.png": "png 32×32",
  "pngsuite/basn0g01.png": "png 32×32",
  "pngsuite/basn3p08.png": "png 32×32",
  "pngsuite/s01n3p01.png": "png 1×1",
  "pngsuite/s39n3p04.png": "png 39×39",
  "pngsuite/xc1n0g08.png": "image-unreadable malformed",
  "pngsuite/xc9n2c08.png": "image-unreadable malformed",
  "pngsuite/xcrn0g04.png": "image-unreadable malformed",
  "pngsuite/xcsn0g01.png": "png 32×32",
  "pngsuite/xd0n2c08.png": "image-unreadable malformed",
  "pngsuite/xd3n2c08.png": "image-unreadable malformed",
  "pngsuite/xd9n2c08.png": "image-unreadable malformed",
  "pngsuite/xdtn0g01.png": "png 32×32",
  "pngsuite/xhdn0g08.png": "png 32×32",
  "pngsuite/xlfn0g04.png": "image-unreadable malformed",
  "pngsuite/xs1n0g01.png": "image-unreadable malformed",
  "pngsuite/xs2n0g01.png": "image-unsupported unknown",
  "pngsuite/xs4n0g01.png": "image-unsupported unknown",
  "pngsuite/xs7n0g01.png": "image-unreadable malformed",
};

const corpus = readdirSync(CORPORA, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(png|jpg|webp|gif|avif|bmp)$/.test(path))
  .map((path) => path.replaceAll("\\", "/"))
  .sort();

function readFixture(path: string): Uint8Array {
  return readFileSync(new URL(path, CORPORA));
}

function describeOutcome(bytes: Uint8Array): string {
  try {
    const { kind, width, height } = readImageHeader(bytes);
    return `${kind} ${width}×${height}`;
  } catch (error) {
    if (!VlmError.is(error)) throw error;
    return `${error.code} ${Object.values(error.details).join(" ")}`;
  }
}

describe("every fixture", () => {
  it("has a line in the table", () => {
    expect(corpus).toEqual(Object.keys(EXPECTED).sort());
  });

  it.each(corpus)("%s", (path) => {
    expect(describeOutcome(readFixture(path))).toBe(EXPECTED[path]);
  });
});

describe("files that Pillow wrote", () => {
  const golden = JSON.parse(
    readFileSync(new URL("../fixtures/golden.json", import.meta.url), "utf8"),
  ) as {
    files: { kind: string; variant: string; width: number; height: number; bytes: string }[];
  };

  for (const { kind, variant, width, height, bytes } of golden.files) {
    it(`reads the size of a ${variant} ${kind}`, () => {
      expect(describeOutcome(Buffer.from(bytes, "base64"))).toBe(`${kind} ${width}×${height}`);
    });
  }
});

describe("what is no image, or not all of one", () => {
  it.each([
    ["nothing at all", "", "image-unreadable empty"],
    ["plain text", "Hello", "image-unsupported unknown"],
    ["an HTML page", "\n <!DOCTYPE html><html><svg></svg></html>", "image-unsupported html"],
    ["an SVG", '<?xml version="1.0"?>\n<svg xmlns="…"/>', "image-unsupported svg"],
    ["an SVG after a byte order mark", "\xef\xbb\xbf<svg/>", "image-unsupported svg"],
    ["other XML", "<?xml version='1.0'?><Error/>", "image-unsupported xml"],
    ["a PDF", "%PDF-1.7", "image-unsupported pdf"],
    ["a TIFF", "II*\0\x08\0\0\0", "image-unsupported tiff"],
    ["a big-endian TIFF", "MM\0*\0\0\0\x08", "image-unsupported tiff"],
    ["an MP4", "\0\0\0\x18ftypisom\0\0\0\0isommp42", "image-unsupported mp4"],
    ["an MP4 of images", "\0\0\0\x14ftypisom\0\0\0\0mp42avif", "image-unsupported mp4"],
    ["a HEIC", "\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image-unsupported heic"],
    [
      "a HEIC under a generic brand",
      "\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
      "image-unsupported heic",
    ],
    ["a JPEG XL that is cut", "\xff\x0a\0", "image-unreadable truncated"],
    ["an AVI", "RIFF\0\0\0\0AVI LIST", "image-unsupported avi"],
    ["a RIFF of nothing", "RIFF", "image-unsupported unknown"],
    ["a zip", "PK\x03\x04", "image-unsupported zip"],
  ])("names %s", (_, text, outcome) => {
    expect(describeOutcome(bytesOf(text))).toBe(outcome);
  });

  it("refuses any single byte", () => {
    for (let byte = 0; byte < 256; byte += 1) {
      expect(describeOutcome(Uint8Array.of(byte))).toBe("image-unsupported unknown");
    }
  });

  it("goes by the first bytes where a file is two things at once", () => {
    const page = bytesOf("<html><script>");
    const png = craftPng(3, 2);
    expect(describeOutcome(bytesOf([...png], [...page]))).toBe("png 3×2");
    expect(describeOutcome(bytesOf([...page], [...png]))).toBe("image-unsupported html");
    expect(describeOutcome(bytesOf("GIF89a/*\x01\0", 0, 0, 0, "*/=1;alert(1)"))).toBe(
      "image-unreadable malformed",
    );
  });

  it("reads a view into a larger buffer, not the buffer", () => {
    const padded = bytesOf("<html>", [...craftPng(3, 2)], "<html>");
    expect(describeOutcome(padded.subarray(6, -6))).toBe("png 3×2");
  });
});

describe("sides of zero", () => {
  it.each([
    ["png", craftPng(0, 5)],
    ["png", craftPng(5, 0)],
    ["jpeg", craftJpeg(jpegFrame(5, 0))],
    ["gif", craftGif([0, 0], [0, 0, 0, 0])],
    ["avif", craftAvif([ispe(0, 5)], [1])],
  ])("are refused in a %s", (_, bytes) => {
    expect(describeOutcome(bytes)).toBe("image-unreadable malformed");
  });
});

/** Everything that an AVIF's readers read: items, a grid, an alpha plane, a track, frames. */
function craftGrid(): Uint8Array {
  const form = { hasDecoderModel: true, hasFrameIds: true, hasOrderHints: true };
  const frame = [...av1Sequence(64, 64, form), ...av1Frame(60, 60, "inter", form)];
  return craftItems(
    [
      { type: "grid", size: [128, 64], data: gridData(1, 2, 128, 64) },
      { size: [64, 64], data: frame },
      { size: [128, 64], data: frame },
    ],
    {
      references: [
        ["dimg", 1, 2, 2],
        ["auxl", 3, 1],
      ],
      more: [craftTrack({ header: [128, 64], at: 400, bytes: 40 })],
    },
  );
}

describe("any bytes", () => {
  /** A header that makes sense or a typed error; `describeOutcome` rethrows anything else. */
  function holds(bytes: Uint8Array): void {
    const started = performance.now();
    const outcome = describeOutcome(bytes);
    expect(performance.now() - started).toBeLessThan(2_000); // microseconds as a rule
    expect(outcome).toMatch(
      /^((png|jpeg|webp|gif|avif|bmp|ico|jxl) [1-9]\d*×[1-9]\d*|image-(unsupported|unreadable) [a-z0-9]+)$/,
    );
  }

  const starts = [
    ...corpus.map((path) => readFixture(path).subarray(0, 2048)),
    ...readdirSync(FAULTS).map((file) => readFileSync(new URL(file, FAULTS)).subarray(0, 2048)),
    craftGrid(),
    craftWebpCanvas(64, 64, webpAnimationFrame([2, 2, 32, 32], webpLossy(32, 32))),
  ];

  it("survives noise, bare and behind each kind's first bytes", () => {
    const start = fc.constantFrom(new Uint8Array(), ...starts);
    fc.assert(
      fc.property(start, fc.nat(64), fc.uint8Array({ maxLength: 512 }), (head, kept, noise) => {
        holds(bytesOf([...head.subarray(0, kept)], [...noise]));
      }),
      { numRuns: 5_000 },
    );
  });

  it("survives fixtures with bytes overwritten and the end cut off", () => {
    const extreme = fc.constantFrom(0, 1, 2, 7, 0x7f, 0x80, 0xfe, 0xff);
    const change = fc.tuple(fc.nat(2047), fc.oneof(extreme, fc.nat(255)));
    fc.assert(
      fc.property(
        fc.constantFrom(...starts),
        fc.array(change, { maxLength: 12 }),
        fc.option(fc.nat(2048)),
        (original, changes, cut) => {
          const bytes = original.slice(0, cut ?? original.length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          holds(bytes);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it("survives every prefix of every fixture's start", () => {
    for (const bytes of starts) {
      for (let length = 0; length < Math.min(bytes.length, 400); length += 1) {
        expect(describeOutcome(bytes.subarray(0, length))).not.toBe("");
      }
    }
  });
});
