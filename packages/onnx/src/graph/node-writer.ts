/** Writes new nodes, stored tensors and inputs as fields of a graph. */

import { DATA_TYPE } from "../format/data-type.ts";
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  GRAPH,
  NODE,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  VALUE,
  VALUE_TYPE,
} from "../format/onnx-fields.ts";
import { floatField, integerField } from "../format/protobuf.ts";
import { messageField, stringField, type Piece } from "./pieces.ts";

export interface NewNode {
  /** ONNX's own operators by their name, those of other domains as `domain::name`. */
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** Default: the output's. */
  readonly name?: string;
  readonly integers?: Readonly<Record<string, number>>;
  readonly floats?: Readonly<Record<string, number>>;
  readonly lists?: Readonly<Record<string, readonly number[]>>;
}

export function newNode(node: NewNode): Piece[] {
  const { operator, inputs, output, name = output } = node;
  const { integers = {}, floats = {}, lists = {} } = node;
  const [domain, type] = operator.includes("::") ? operator.split("::") : ["", operator];
  return messageField(GRAPH.node, [
    ...inputs.flatMap((input) => stringField(NODE.input, input)),
    ...stringField(NODE.output, output),
    ...stringField(NODE.name, name),
    ...stringField(NODE.opType, type!),
    ...Object.entries(integers).flatMap((entry) => integerAttribute(...entry)),
    ...Object.entries(floats).flatMap((entry) => floatAttribute(...entry)),
    ...Object.entries(lists).flatMap((entry) => listAttribute(...entry)),
    ...(domain ? stringField(NODE.domain, domain) : []),
  ]);
}

export function integerAttribute(name: string, value: number): Piece[] {
  return attribute(name, ATTRIBUTE_TYPE.integer, [integerField(ATTRIBUTE.integer, value)]);
}

function floatAttribute(name: string, value: number): Piece[] {
  return attribute(name, ATTRIBUTE_TYPE.float, [floatField(ATTRIBUTE.float, value)]);
}

function listAttribute(name: string, values: readonly number[]): Piece[] {
  const fields = values.map((value) => integerField(ATTRIBUTE.integers, value));
  return attribute(name, ATTRIBUTE_TYPE.integers, fields);
}

function attribute(name: string, type: number, value: readonly Piece[]): Piece[] {
  return messageField(NODE.attribute, [
    ...stringField(ATTRIBUTE.name, name),
    ...value,
    integerField(ATTRIBUTE.type, type),
  ]);
}

export interface NewTensor {
  readonly name: string;
  readonly dataType: number;
  readonly shape: readonly number[];
}

/** @param data the fields with its numbers, or with the place of its numbers */
export function newTensor({ name, dataType, shape }: NewTensor, data: readonly Piece[]): Piece[] {
  return messageField(GRAPH.initializer, [
    ...shape.map((size) => integerField(TENSOR.dims, size)),
    integerField(TENSOR.dataType, dataType),
    ...stringField(TENSOR.name, name),
    ...data,
  ]);
}

/** A stored list of integers, [count], for instance a shape that a node reads. */
export function newIntegers(name: string, values: readonly bigint[]): Piece[] {
  return newTensor({ name, dataType: DATA_TYPE.int64, shape: [values.length] }, [
    ...messageField(TENSOR.rawData, [new Uint8Array(BigInt64Array.from(values).buffer)]),
  ]);
}

/** A new input of the graph. All of its sizes are free. */
export function newInput(name: string, dataType: number, axes: readonly string[]): Piece[] {
  const dimensions = axes.flatMap((axis) =>
    messageField(SHAPE.dimension, stringField(SHAPE.axisName, axis)),
  );
  const type = [
    integerField(TENSOR_TYPE.element, dataType),
    ...messageField(TENSOR_TYPE.shape, dimensions),
  ];
  return messageField(GRAPH.input, [
    ...stringField(VALUE.name, name),
    ...messageField(VALUE.type, messageField(VALUE_TYPE.tensor, type)),
  ]);
}
