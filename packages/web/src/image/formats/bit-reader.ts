import { truncatedImage } from "../image-errors.ts";
import type { ImageKind } from "./image-header.ts";

/**
 * Numbers that do not begin at whole bytes, most significant bit first. Like `ByteReader`, every
 * read past the end is the same typed error.
 *
 * @throws {VlmError} `image-unreadable` with reason `truncated`, from every method.
 */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #kind: ImageKind;
  #position = 0;

  constructor(bytes: Uint8Array, kind: ImageKind) {
    this.#bytes = bytes;
    this.#kind = kind;
  }

  /** An unsigned number of up to 32 bits. */
  read(bits: number): number {
    let value = 0;
    for (let bit = 0; bit < bits; bit += 1) {
      const byte = this.#bytes[this.#position >>> 3];
      if (byte === undefined) throw truncatedImage(this.#kind);
      value = value * 2 + ((byte >>> (7 - (this.#position & 7))) & 1);
      this.#position += 1;
    }
    return value;
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  skip(bits: number): void {
    this.#position += bits;
  }

  /** A number as AV1's `uvlc` writes it: as many zeros as it has bits, then the bits. */
  skipVariableLength(): void {
    let zeros = 0;
    while (!this.flag()) zeros += 1;
    if (zeros < 32) this.skip(zeros);
  }
}
