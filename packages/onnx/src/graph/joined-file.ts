/** A file that seems to go on after its end, with parts of itself in another order. */

import type { ByteSource } from "./byte-source.ts";
import type { Span } from "./wire-reader.ts";

export class JoinedFile implements ByteSource {
  readonly #source: ByteSource;
  readonly #parts: { readonly at: number; readonly from: Span }[] = [];
  size: number;

  constructor(source: ByteSource) {
    this.#source = source;
    this.size = source.size;
  }

  /** @returns the place at which the parts now follow one another */
  append(spans: readonly Span[]): Span {
    const start = this.size;
    for (const from of spans) {
      this.#parts.push({ at: this.size, from });
      this.size += from.end - from.start;
    }
    return { start, end: this.size };
  }

  read(start: number, end: number): Uint8Array {
    if (end <= this.#source.size) return this.#source.read(start, end);
    const bytes = new Uint8Array(end - start);
    this.#copy(bytes, start, { start: 0, end: this.#source.size }, 0);
    for (const { at, from } of this.#parts) this.#copy(bytes, start, from, at);
    return bytes;
  }

  /** Copies into `bytes`, which begin at `start`, the part of `from` that belongs there if `from` is placed at `at`. */
  #copy(bytes: Uint8Array, start: number, from: Span, at: number): void {
    const first = Math.max(start, at);
    const last = Math.min(start + bytes.byteLength, at + from.end - from.start);
    if (first >= last) return;
    const shift = from.start - at;
    bytes.set(this.#source.read(first + shift, last + shift), first - start);
  }
}
