import { ByteReader } from "./byte-reader.ts";
import { malformedImage } from "../image-errors.ts";
import type { ImageHeader } from "./image-header.ts";
import { readJpegHeader } from "./jpeg.ts";
import { readPngHeader } from "./png.ts";
import { fitsIn, showSize } from "./size.ts";

const FILE_HEADER_BYTES = 14;
const OS2_V1_BYTES = 12;
const OS2_V2_BYTES = { min: 16, max: 64 }; // OS/2 2.x may be cut short; Windows' 40, 52, 56 fall between
const WINDOWS_V3_BYTES = 40;
const WINDOWS_V4_BYTES = 108;
const WINDOWS_V5_BYTES = 124;

/** Pixels that are a JPEG or PNG file, in Windows headers. */
const EMBEDDED: Readonly<Record<number, (bytes: Uint8Array) => ImageHeader>> = {
  4: readJpegHeader,
  5: readPngHeader,
};

/** Reads the size from an OS/2 or a Windows header. A negative height means rows from the top. */
export function readBmpHeader(bytes: Uint8Array): ImageHeader {
  const reader = new ByteReader(bytes, "bmp");
  const header = readSize(reader);
  const dataStart = reader.u32le(FILE_HEADER_BYTES - 4);
  const readEmbedded = readEmbeddedKind(reader);
  if (!readEmbedded) return header;
  // Decoders decode the embedded file, whatever the header says.
  const embedded = readEmbedded(bytes.subarray(dataStart));
  if (!fitsIn(embedded, header)) {
    throw malformedImage(
      "bmp",
      `says that it is ${showSize(header)} pixels and holds an image of ${showSize(embedded)}`,
    );
  }
  return { ...header, segments: embedded.segments, scans: embedded.scans };
}

function readEmbeddedKind(reader: ByteReader): ((bytes: Uint8Array) => ImageHeader) | undefined {
  if (reader.length < FILE_HEADER_BYTES + WINDOWS_V3_BYTES) return undefined;
  if (reader.u32le(FILE_HEADER_BYTES) < WINDOWS_V3_BYTES) return undefined;
  return EMBEDDED[reader.u32le(FILE_HEADER_BYTES + 16)];
}

function readSize(reader: ByteReader): ImageHeader {
  const headerBytes = reader.u32le(FILE_HEADER_BYTES);
  const side = FILE_HEADER_BYTES + 4;
  if (headerBytes === OS2_V1_BYTES) {
    return toHeader(reader.u16le(side), reader.u16le(side + 2));
  }
  if (!isLongHeader(headerBytes)) throw malformedImage("bmp", "has a header of unknown length");
  const width = reader.i32le(side);
  if (width < 0) throw malformedImage("bmp", "has a negative width");
  return toHeader(width, Math.abs(reader.i32le(side + 4)));
}

function isLongHeader(bytes: number): boolean {
  return (
    (bytes >= OS2_V2_BYTES.min && bytes <= OS2_V2_BYTES.max) ||
    bytes === WINDOWS_V4_BYTES ||
    bytes === WINDOWS_V5_BYTES
  );
}

function toHeader(width: number, height: number): ImageHeader {
  return { kind: "bmp", width, height, segments: 0, scans: 0 };
}
