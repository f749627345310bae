import { truncatedImage } from "../image-errors.ts";
import type { ImageKind } from "./image-header.ts";

/**
 * Reads numbers from an image's bytes. Offsets in a file of somebody else cannot be trusted. So every read past the end is the
 * same typed error, and no parser needs to check lengths itself.
 *
 * @throws {VlmError} `image-unreadable` with reason `truncated`, from every method.
 */
export class ByteReader {
  readonly length: number;
  readonly #kind: ImageKind;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, kind: ImageKind) {
    this.#bytes = bytes;
    this.#kind = kind;
    this.length = bytes.length;
  }

  u8(offset: number): number {
    const byte = this.#bytes[offset];
    if (byte === undefined) throw truncatedImage(this.#kind);
    return byte;
  }

  u16be(offset: number): number {
    return this.u8(offset) * 0x100 + this.u8(offset + 1);
  }

  u16le(offset: number): number {
    return this.u8(offset) + this.u8(offset + 1) * 0x100;
  }

  u24le(offset: number): number {
    return this.u16le(offset) + this.u8(offset + 2) * 0x1_0000;
  }

  u32be(offset: number): number {
    return this.u16be(offset) * 0x1_0000 + this.u16be(offset + 2);
  }

  u64be(offset: number): number {
    return this.u32be(offset) * 2 ** 32 + this.u32be(offset + 4);
  }

  /** A number of 0, 2, 4 or 8 bytes, most significant first; without bytes it is 0. */
  uintBe(offset: number, bytes: number): number {
    if (bytes === 0) return 0;
    if (bytes === 2) return this.u16be(offset);
    return bytes === 8 ? this.u64be(offset) : this.u32be(offset);
  }

  u32le(offset: number): number {
    return this.u16le(offset) + this.u16le(offset + 2) * 0x1_0000;
  }

  i32le(offset: number): number {
    return this.u32le(offset) | 0;
  }

  /** The bytes between two offsets, as far as there are any; not a copy. */
  slice(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  /** Four bytes as text: the name of a chunk or a box. */
  fourCharacters(offset: number): string {
    return String.fromCharCode(
      this.u8(offset),
      this.u8(offset + 1),
      this.u8(offset + 2),
      this.u8(offset + 3),
    );
  }
}
