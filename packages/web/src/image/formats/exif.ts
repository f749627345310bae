const EXIF_IDENTIFIER = [0x45, 0x78, 0x69, 0x66, 0x00, 0x00]; // "Exif", two zeros
const ORIENTATION_TAG = 0x0112;
const SHORT_TYPE = 3;
const ENTRY_BYTES = 12;

/**
 * The orientation, 1 to 8, in an APP1 segment's body at `start` up to `end`; 1 where the EXIF block
 * gives none or is damaged, `undefined` where the segment is not EXIF at all.
 *
 * Never throws: an image with broken metadata is still an image.
 */
export function readExifOrientation(
  bytes: Uint8Array,
  start: number,
  end: number,
): number | undefined {
  if (EXIF_IDENTIFIER.some((byte, index) => bytes[start + index] !== byte)) return undefined;
  return readTiffOrientation(bytes, start + EXIF_IDENTIFIER.length, end);
}

/** The same for a block without the identifier before it: 1 to 8. */
export function readTiffOrientation(bytes: Uint8Array, tiff: number, end: number): number {
  const stop = Math.min(end, bytes.length);
  if (tiff + 8 > stop) return 1;
  const isLittleEndian = bytes[tiff] === 0x49;
  const view = new DataView(bytes.buffer, bytes.byteOffset, stop);

  const directory = tiff + view.getUint32(tiff + 4, isLittleEndian);
  if (directory + 2 > stop) return 1;
  const entries = view.getUint16(directory, isLittleEndian);
  for (let index = 0; index < entries; index += 1) {
    const entry = directory + 2 + index * ENTRY_BYTES;
    if (entry + ENTRY_BYTES > stop) return 1;
    if (view.getUint16(entry, isLittleEndian) !== ORIENTATION_TAG) continue;
    if (view.getUint16(entry + 2, isLittleEndian) !== SHORT_TYPE) return 1;
    const orientation = view.getUint16(entry + 8, isLittleEndian);
    return orientation >= 1 && orientation <= 8 ? orientation : 1;
  }
  return 1;
}

/** Whether showing an image with this orientation turns it by a quarter. */
export function swapsSides(orientation: number): boolean {
  return orientation >= 5;
}
