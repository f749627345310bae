/**
 * Reads the protobuf wire format without a schema. There is no recursion, every step moves on by at least one byte, and
 * every length is compared with the rest of the file before it is used.
 */

import { OnnxError } from "../errors.ts";
import { WIRE, type WireType } from "../format/protobuf.ts";
import { windowed, type ByteSource } from "./byte-source.ts";

/** A part of a file from `start` to `end`, where `end` is not included. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One field of a message. The span goes from its tag to its last byte. */
export interface Field extends Span {
  readonly number: number;
  readonly wireType: WireType;
  /** Where its content begins, after tag and length. */
  readonly content: number;
  /** A varint's value as a signed 64-bit integer; beyond 2^53 the nearest number. 0 for other types. */
  readonly value: number;
}

const MAX_VARINT_BYTES = 10;

/** The greatest number of fields. A model of 2 GB has thousands; a file with a million tiny fields is an attack. */
const MAX_FIELDS = 1_000_000;

/** Walks through messages of one file. */
export interface WireReader {
  /**
   * The fields of the message in `span`, in order.
   *
   * @throws {OnnxError} `model-invalid`
   */
  fields(span: Span): Generator<Field, void, undefined>;
  /** The bytes of a part of the file. The caller must not write to them. */
  read(span: Span): Uint8Array;
  /** The integers of a packed field. */
  varints(span: Span): number[];
}

/** @param name the name of the file, for errors */
export function createWireReader(file: ByteSource, name: string): WireReader {
  const source = windowed(file);
  let fieldsLeft = MAX_FIELDS;
  const invalid = (reason: string): never => {
    throw new OnnxError(
      "model-invalid",
      { file: name, reason },
      `The ${name} file is not a whole ONNX model. Fetch the model's files again.`,
    );
  };

  /** Reads a varint that must end before `end`, as two halves of 32 bits and where it ended. */
  const readVarint = (offset: number, end: number): [low: number, high: number, next: number] => {
    let low = 0;
    let high = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      if (offset + index >= end) return invalid("a varint is cut off");
      const byte = source.byteAt(offset + index);
      const bits = byte & 0x7f;
      const shift = index * 7;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high |= bits >> 4;
      else if (shift >= 32) high |= bits << (shift - 32);
      if (byte < 0x80) return [low >>> 0, high >>> 0, offset + index + 1];
    }
    return invalid("a varint is longer than 10 bytes");
  };

  return {
    *fields({ start, end }) {
      let offset = start;
      while (offset < end) {
        if (fieldsLeft-- === 0) invalid("too many fields");
        const [tag, tagHigh, content] = readVarint(offset, end);
        const number = tag >>> 3;
        if (tagHigh !== 0 || number === 0) invalid("a field has an impossible number");
        let contentStart = content;
        let next: number;
        let value = 0;
        const wireType = tag & 7;
        switch (wireType) {
          case WIRE.varint: {
            const [low, high, after] = readVarint(content, end);
            value = toSigned(low, high);
            next = after;
            break;
          }
          case WIRE.bytes: {
            const [low, high, after] = readVarint(content, end);
            contentStart = after;
            next = after + high * 2 ** 32 + low;
            break;
          }
          case WIRE.fixed64:
            next = content + 8;
            break;
          case WIRE.fixed32:
            next = content + 4;
            break;
          default:
            return invalid(`wire type ${wireType}`);
        }
        if (next > end) invalid("a field reaches beyond its message");
        yield { number, wireType, start: offset, content: contentStart, end: next, value };
        offset = next;
      }
    },
    read: ({ start, end }) => source.read(start, end),
    varints({ start, end }) {
      const values: number[] = [];
      let offset = start;
      while (offset < end) {
        if (fieldsLeft-- === 0) invalid("too many fields");
        const [low, high, next] = readVarint(offset, end);
        values.push(toSigned(low, high));
        offset = next;
      }
      return values;
    },
  };
}

function toSigned(low: number, high: number): number {
  return (high | 0) * 2 ** 32 + low;
}

/** The content of a field, without tag and length. */
export function contentOf({ content, end }: Field): Span {
  return { start: content, end };
}
