import { truncatedImage } from "../../image-errors.ts";

/** How one of four forms of a number is written: so many bits, added to a number. */
export type Form = readonly [bits: number, offset: number];

/** A form without bits: the number itself. */
export function exactly(value: number): Form {
  return [0, value];
}

/** The fields of a JPEG XL stream, least significant bit first. Past its end all reads are the same typed error. */
export class JxlBits {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Where the next whole byte is. */
  get byte(): number {
    return Math.ceil(this.#position / 8);
  }

  /** An unsigned number of up to 32 bits. */
  read(bits: number): number {
    let value = 0;
    for (let got = 0; got < bits;) {
      const byte = this.#bytes[this.#position >>> 3];
      if (byte === undefined) throw truncatedImage("jxl");
      const from = this.#position & 7;
      const count = Math.min(8 - from, bits - got);
      value += ((byte >>> from) & ((1 << count) - 1)) * 2 ** got;
      got += count;
      this.#position += count;
    }
    return value;
  }

  /** The next bits, up to 9 of them, which stay to be read; 0 past the end. */
  peek(bits: number): number {
    const at = this.#position >>> 3;
    const next = (this.#bytes[at] ?? 0) + (this.#bytes[at + 1] ?? 0) * 0x100;
    return (next >>> (this.#position & 7)) & (2 ** bits - 1);
  }

  flag(): boolean {
    return this.read(1) === 1;
  }

  skip(bits: number): void {
    this.#position += bits;
  }

  toByte(byte: number): void {
    this.#position = byte * 8;
  }

  /** A number in one of four forms, which two bits choose; `U32` in the specification. */
  choose(...forms: readonly [Form, Form, Form, Form]): number {
    const [bits, offset] = forms[this.read(2)]!;
    return offset + this.read(bits);
  }

  /** `Enum` in the specification. */
  kind(): number {
    return this.choose(exactly(0), exactly(1), [4, 2], [6, 18]);
  }

  /** A number of up to 64 bits; `U64` in the specification. Beyond 53 bits it is rounded. */
  long(): number {
    switch (this.read(2)) {
      case 0:
        return 0;
      case 1:
        return 1 + this.read(4);
      case 2:
        return 17 + this.read(8);
    }
    let value = this.read(12);
    for (let shift = 12; this.flag(); shift += 8) {
      if (shift === 60) return value + this.read(4) * 2 ** shift;
      value += this.read(8) * 2 ** shift;
    }
    return value;
  }

  /** Numbers with a point, of 16 bits each. */
  skipHalves(count: number): void {
    this.skip(16 * count);
  }

  /** Parts that later versions of the format may add. They say how long they are. */
  skipExtensions(): void {
    const mask = this.long();
    let bits = 0;
    for (let rest = mask; rest > 0; rest = Math.floor(rest / 2))
      if (rest % 2 === 1) bits += this.long();
    this.skip(bits);
  }

  skipName(): void {
    this.skip(8 * this.choose(exactly(0), [4, 0], [5, 16], [10, 48]));
  }
}
