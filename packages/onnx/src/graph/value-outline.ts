/** Reads the declaration of a value (`ValueInfoProto`): its name, type and shape. */

import { SHAPE, TENSOR_TYPE, VALUE, VALUE_TYPE } from "../format/onnx-fields.ts";
import { integerField, WIRE } from "../format/protobuf.ts";
import { nameIn } from "./model-outline.ts";
import { messageField, stringField, type Piece } from "./pieces.ts";
import { rewrite } from "./rewrite.ts";
import { contentOf, type Field, type WireReader } from "./wire-reader.ts";

export interface ValueOutline {
  readonly field: Field;
  readonly name: string;
  /** The type of its numbers, if it is a tensor. */
  readonly dataType: number | undefined;
  /** The shape, with undefined for a free size; undefined if the file declares none. */
  readonly shape: readonly (number | undefined)[] | undefined;
  /** The names of its free sizes, if the file has names. */
  readonly axes: readonly (string | undefined)[] | undefined;
}

const MAX_NAME_BYTES = 4096;

/** @returns undefined for a value whose name is too long */
export function outlineValue(reader: WireReader, field: Field): ValueOutline | undefined {
  let name = "";
  let dataType: number | undefined;
  let shape: (number | undefined)[] | undefined;
  let axes: (string | undefined)[] | undefined;
  for (const inner of messages(reader, field)) {
    if (inner.number === VALUE.name) {
      if (inner.end - inner.content > MAX_NAME_BYTES) return undefined;
      name = nameIn(reader, inner);
    } else if (inner.number === VALUE.type) {
      for (const type of messages(reader, inner, VALUE_TYPE.tensor)) {
        dataType = integerIn(reader, type, TENSOR_TYPE.element);
        for (const dimensions of messages(reader, type, TENSOR_TYPE.shape)) {
          const all = [...messages(reader, dimensions, SHAPE.dimension)];
          shape = all.map((one) => integerIn(reader, one, SHAPE.size));
          axes = all.map((one) => axisName(reader, one));
        }
      }
    }
  }
  return { field, name, dataType, shape, axes };
}

function axisName(reader: WireReader, dimension: Field): string | undefined {
  for (const field of messages(reader, dimension, SHAPE.axisName))
    return field.end - field.content > MAX_NAME_BYTES ? undefined : nameIn(reader, field);
  return undefined;
}

/** Writes a graph's output again, with one of its sizes fixed. */
export function withSize(reader: WireReader, output: Field, axis: number, size: number): Piece[] {
  let index = 0;
  return withShape(reader, output, (shape) =>
    messageField(
      TENSOR_TYPE.shape,
      rewrite(reader, contentOf(shape), ({ number }) =>
        number === SHAPE.dimension && index++ === axis
          ? messageField(SHAPE.dimension, [integerField(SHAPE.size, size)])
          : undefined,
      ),
    ),
  );
}

/** Writes an output of the graph that is another value of the same type, with any shape. */
export function outputOf(reader: WireReader, output: Field, name: string): Piece[] {
  return withShape(reader, output, () => [], name);
}

/** @param name a new name of the value, if it changes */
function withShape(
  reader: WireReader,
  output: Field,
  replace: (shape: Field) => Piece[],
  name?: string,
): Piece[] {
  const within = (field: Field, inner: (field: Field) => Piece[] | undefined): Piece[] =>
    messageField(field.number, rewrite(reader, contentOf(field), inner));
  const when = (number: number, inner: (field: Field) => Piece[]) => (field: Field) =>
    field.number === number && field.wireType === WIRE.bytes ? inner(field) : undefined;

  const ofTensor = when(TENSOR_TYPE.shape, replace);
  const ofType = when(VALUE_TYPE.tensor, (tensor) => within(tensor, ofTensor));
  const ofValue = when(VALUE.type, (type) => within(type, ofType));
  const ofName = when(VALUE.name, () => stringField(VALUE.name, name!));
  return within(
    output,
    (field) => ofValue(field) ?? (name === undefined ? undefined : ofName(field)),
  );
}

function integerIn(reader: WireReader, message: Field, number: number): number | undefined {
  for (const field of reader.fields(contentOf(message))) {
    if (field.number === number && field.wireType === WIRE.varint) return field.value;
  }
  return undefined;
}

function* messages(reader: WireReader, field: Field, number?: number): Generator<Field> {
  for (const inner of reader.fields(contentOf(field))) {
    if (inner.wireType !== WIRE.bytes) continue;
    if (number === undefined || inner.number === number) yield inner;
  }
}
