/** Pictures whose colours are told in every way that browsers know. */

import { readFileSync } from "node:fs";
import { deflateSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";

const SIDE = 48;

/** A smooth picture of all hues, three samples a pixel, 0 to 255. */
const SAMPLES = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) => {
  const [pixel, channel] = [Math.floor(at / 3), at % 3];
  const angle = (pixel % SIDE) / 8 + (channel * 2 * Math.PI) / 3;
  return Math.round(((Math.sin(angle) + 1) / 2) * 255 * (1 - pixel / (2 * SIDE * SIDE)));
});

const picture = (): Sharp => sharp(SAMPLES, { raw: { width: SIDE, height: SIDE, channels: 3 } });

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function pngChunk(name: string, body: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(name), body]);
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}

/** @param primaries as in ITU-T H.273, as is `transfer` */
function craftPng(bits: 8 | 16, primaries: number, transfer: number): Buffer {
  const bytes = bits / 8;
  const rows = Buffer.alloc(SIDE * (1 + SIDE * 3 * bytes));
  for (const [at, sample] of SAMPLES.entries()) {
    const row = Math.floor(at / (SIDE * 3));
    rows.fill(sample, 1 + row + at * bytes, 1 + row + (at + 1) * bytes);
  }
  const header = Buffer.from([0, 0, 0, SIDE, 0, 0, 0, SIDE, bits, 2, 0, 0, 0]);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", header),
    pngChunk("cICP", Uint8Array.of(primaries, transfer, 0, 1)),
    pngChunk("IDAT", deflateSync(rows)),
    pngChunk("IEND", new Uint8Array()),
  ]);
}

const HOPPER = "../packages/web/src/image/fixtures/corpora/pillow/hopper.avif";

/** The same AVIF with other colours: the numbers in its `nclx` box. */
function craftAvif(primaries: number, transfer: number): Buffer {
  const bytes = readFileSync(new URL(HOPPER, import.meta.url));
  const box = bytes.indexOf("nclx");
  if (box < 0) throw new Error(`${HOPPER} does not say which colours it has`);
  bytes.writeUInt16BE(primaries, box + 4);
  bytes.writeUInt16BE(transfer, box + 6);
  return bytes;
}

const translucent = (): Sharp => picture().ensureAlpha(0.4);

/** Pictures of every kind that has colours of its own, and one smooth image in them. */
const KINDS: Readonly<Record<string, () => Buffer | Promise<Buffer>>> = {
  "PNG, PQ": () => craftPng(8, 9, 16),
  "PNG, PQ, 16 bits": () => craftPng(16, 9, 16),
  "PNG, HLG": () => craftPng(8, 9, 18),
  "PNG, HLG, 16 bits": () => craftPng(16, 9, 18),
  "PNG, Display P3, 16 bits": () => craftPng(16, 12, 13),
  "AVIF, PQ": () => craftAvif(9, 16),
  "AVIF, HLG": () => craftAvif(9, 18),
  "AVIF, Display P3": () => craftAvif(12, 13),
  "JPEG, P3 profile": () => picture().withIccProfile("p3").jpeg({ quality: 95 }).toBuffer(),
  "WebP, P3 profile": () => picture().withIccProfile("p3").webp({ quality: 95 }).toBuffer(),
  "JPEG, CMYK": () => picture().toColourspace("cmyk").jpeg({ quality: 95 }).toBuffer(),
  "JPEG, grey": () => picture().greyscale().jpeg({ quality: 95 }).toBuffer(),
  "PNG, alpha": () => translucent().png().toBuffer(),
  "WebP, alpha": () => translucent().webp({ quality: 95 }).toBuffer(),
  "AVIF, alpha": () => translucent().avif({ quality: 90 }).toBuffer(),
  "JPEG with a second image after it": async () => {
    const [one, other] = [picture().jpeg(), picture().negate().jpeg()];
    return Buffer.concat(await Promise.all([one.toBuffer(), other.toBuffer()]));
  },
};

/** Files whose colours or shape are easy to get wrong. */
const CORPUS = [
  "pillow/split_fdat.png",
  "pillow/rot1mir0.avif",
  "pngsuite/basi6a16.png",
  "pngsuite/xcsn0g01.png",
];

/** Addresses of all of them on the test server, by kind. */
export async function addressColours(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [kind, make] of Object.entries(KINDS)) {
    files[kind] = `data:;base64,${(await make()).toString("base64")}`;
  }
  for (const file of CORPUS) files[file] = `/images/${file}`;
  return files;
}
