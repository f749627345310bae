/** Names a file by its first bytes: the kinds that the kit reads, and those that people try. */

interface Magic {
  readonly kind: string;
  readonly text: string;
  /** Where `text` begins; at the first byte by default. */
  readonly offset?: number;
}

const MAGICS: readonly Magic[] = [
  { kind: "png", text: "PNG", offset: 1 }, // the rest of the signature is checked by its reader
  { kind: "jpeg", text: "\xff\xd8" },
  { kind: "gif", text: "GIF87a" },
  { kind: "gif", text: "GIF89a" },
  { kind: "tiff", text: "II*\0" },
  { kind: "tiff", text: "MM\0*" },
  { kind: "jxl", text: "\xff\x0a" },
  { kind: "jxl", text: "\0\0\0\x0cJXL " },
  { kind: "jp2", text: "\0\0\0\x0cjP  " },
  { kind: "ico", text: "\0\0\x01\0" },
  { kind: "psd", text: "8BPS" },
  { kind: "pdf", text: "%PDF-" },
  { kind: "webm", text: "\x1aE\xdf\xa3" },
  { kind: "zip", text: "PK\x03\x04" },
  { kind: "gzip", text: "\x1f\x8b" },
  { kind: "bmp", text: "BM" }, // two letters only, so last
];

const RIFF_KINDS: Readonly<Record<string, string>> = { WEBP: "webp", "AVI ": "avi", WAVE: "wav" };

/** By brand. AVIF first: its files often claim the generic `mif1` too, and some claim `heic`. */
const BRAND_KINDS: readonly (readonly [kind: string, brands: readonly string[]])[] = [
  ["avif", ["avif", "avis"]],
  ["heic", ["heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs"]],
  ["avif", ["mif1"]],
];

const MAX_BRAND_BYTES = 256;
const MAX_TEXT_BYTES = 1024;

/** The kind of file that these bytes begin, or `unknown`. */
export function identifyKind(bytes: Uint8Array): string {
  const head = toText(bytes, 0, 16);
  if (head.startsWith("RIFF")) return RIFF_KINDS[head.slice(8, 12)] ?? "unknown";
  if (head.startsWith("ftyp", 4)) return identifyBrands(bytes);
  const magic = MAGICS.find(({ text, offset = 0 }) => head.startsWith(text, offset));
  return magic?.kind ?? identifyMarkup(bytes) ?? "unknown";
}

/** The major brand stands at 8, the compatible ones from 16 to the end of the box. */
function identifyBrands(bytes: Uint8Array): string {
  const boxBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const text = toText(bytes, 0, Math.min(boxBytes, MAX_BRAND_BYTES));
  const brands = new Set([text.slice(8, 12)]);
  for (let offset = 16; offset + 4 <= text.length; offset += 4) {
    brands.add(text.slice(offset, offset + 4));
  }
  const known = BRAND_KINDS.find(([, names]) => names.some((name) => brands.has(name)));
  return known?.[0] ?? "mp4";
}

function identifyMarkup(bytes: Uint8Array): string | undefined {
  const text = toText(bytes, 0, MAX_TEXT_BYTES)
    .replace(/^\xef\xbb\xbf/, "") // UTF-8's byte order mark
    .trimStart()
    .toLowerCase();
  if (!text.startsWith("<")) return undefined;
  // HTML first: a page may well hold an <svg>, a drawing holds no <html> this early.
  if (/<!doctype html|<html|<head|<body/.test(text)) return "html";
  if (text.includes("<svg")) return "svg";
  return text.startsWith("<?xml") ? "xml" : undefined;
}

function toText(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
