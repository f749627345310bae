import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";

/** The pixels of an 8-bit RGB PNG as the vision graph takes them: [1, 3, height, width], 0 to 1. */
export function readPixels(path: string): {
  pixels: Float32Array;
  size: readonly [height: number, width: number];
} {
  const file = readFileSync(path);
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  if (file[24] !== 8 || file[25] !== 2) throw new Error(`${path} is not an 8-bit RGB PNG`);
  const rows = unfilter(inflateSync(imageData(file)), width * 3);
  const pixels = new Float32Array(3 * height * width);
  for (const [index, value] of rows.entries()) {
    pixels[(index % 3) * height * width + Math.floor(index / 3)] = value / 255;
  }
  return { pixels, size: [height, width] };
}

function imageData(file: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let offset = 8; offset < file.length;) {
    const length = file.readUInt32BE(offset);
    const type = file.toString("latin1", offset + 4, offset + 8);
    if (type === "IDAT") parts.push(file.subarray(offset + 8, offset + 8 + length));
    offset += length + 12;
  }
  return Buffer.concat(parts);
}

/** Each row was stored as differences to its neighbours, in one of five ways that its first byte names. */
function unfilter(data: Uint8Array, rowLength: number): Uint8Array {
  const rows = new Uint8Array((data.length / (rowLength + 1)) * rowLength);
  for (let start = 0, source = 0; start < rows.length; start += rowLength) {
    const filter = data[source++]!;
    for (let index = 0; index < rowLength; index++) {
      const left = index < 3 ? 0 : rows[start + index - 3]!;
      const up = start === 0 ? 0 : rows[start - rowLength + index]!;
      const corner = start === 0 || index < 3 ? 0 : rows[start - rowLength + index - 3]!;
      const guesses = [0, left, up, (left + up) >> 1, paeth(left, up, corner)];
      rows[start + index] = data[source++]! + guesses[filter]!;
    }
  }
  return rows;
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const distance = (value: number) => Math.abs(estimate - value);
  if (distance(left) <= distance(up) && distance(left) <= distance(corner)) return left;
  return distance(up) <= distance(corner) ? up : corner;
}
