/** What a graph says of a value (`ValueInfoProto`): its name and shape. */

import { GRAPH, nameIn } from "./model-outline.ts";
import { rewrite } from "./rewrite.ts";
import { contentOf, WIRE, type Field, type WireReader } from "./wire-reader.ts";
import { integerField, messageField, type Piece } from "./wire-writer.ts";

export interface ValueOutline {
  readonly field: Field;
  readonly name: string;
  /** undefined for a size that is free; no shape at all where the file gives none. */
  readonly shape: readonly (number | undefined)[] | undefined;
}

/** The way down to a dimension: ValueInfo, its type, that of a tensor, its shape. */
const VALUE = { name: 1, type: 2 } as const;
const TENSOR_TYPE = 1;
const SHAPE = 2;
const DIMENSION = 1;
const SIZE = 1;
const MAX_NAME_BYTES = 4096;

/** @returns undefined for one with a name of endless length */
export function outlineValue(reader: WireReader, field: Field): ValueOutline | undefined {
  let name = "";
  let shape: (number | undefined)[] | undefined;
  for (const inner of messages(reader, field)) {
    if (inner.number === VALUE.name) {
      if (inner.end - inner.content > MAX_NAME_BYTES) return undefined;
      name = nameIn(reader, inner);
    } else if (inner.number === VALUE.type) {
      for (const type of messages(reader, inner, TENSOR_TYPE))
        for (const dimensions of messages(reader, type, SHAPE))
          shape = Array.from(messages(reader, dimensions, DIMENSION), (one) => sizeOf(reader, one));
    }
  }
  return { field, name, shape };
}

/** A graph's output, with one of its sizes fixed. */
export function withSize(reader: WireReader, output: Field, axis: number, size: number): Piece[] {
  let index = 0;
  const dimension = (field: Field): Piece[] | undefined =>
    field.number === DIMENSION && index++ === axis
      ? messageField(DIMENSION, [integerField(SIZE, size)])
      : undefined;
  const within =
    (number: number, replace: (field: Field) => Piece[] | undefined) =>
    (field: Field): Piece[] | undefined =>
      field.number === number && field.wireType === WIRE.bytes
        ? messageField(number, rewrite(reader, contentOf(field), replace))
        : undefined;
  return within(
    GRAPH.output,
    within(VALUE.type, within(TENSOR_TYPE, within(SHAPE, dimension))),
  )(output)!;
}

function sizeOf(reader: WireReader, dimension: Field): number | undefined {
  for (const field of reader.fields(contentOf(dimension))) {
    if (field.number === SIZE && field.wireType === WIRE.varint) return field.value;
  }
  return undefined;
}

function* messages(reader: WireReader, field: Field, number?: number): Generator<Field> {
  for (const inner of reader.fields(contentOf(field))) {
    if (inner.wireType !== WIRE.bytes) continue;
    if (number === undefined || inner.number === number) yield inner;
  }
}
