/** JPEGs that are small and take a decoder long. */

const START_OF_SCAN = Buffer.from([0xff, 0xda]);
const MARKER_BYTES = 2;

/** A progressive JPEG whose last scan comes `count` times more. It looks the same, and each scan costs a decoder time. */
export function repeatLastScan(file: Buffer, count: number): Buffer {
  const endOfImage = file.subarray(-MARKER_BYTES);
  const lastScan = file.subarray(file.lastIndexOf(START_OF_SCAN), -MARKER_BYTES);
  const more = Array.from({ length: count }, () => lastScan);
  return Buffer.concat([file.subarray(0, -MARKER_BYTES), ...more, endOfImage]);
}
