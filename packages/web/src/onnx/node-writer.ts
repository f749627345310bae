/** Nodes, stored tensors and outputs that no file has, written as fields of a graph. */

import { GRAPH } from "./model-outline.ts";
import { NODE } from "./node-outline.ts";
import { TENSOR } from "./tensor-outline.ts";
import { integerField, messageField, stringField, type Piece } from "./wire-writer.ts";

export interface NewNode {
  /** Of ONNX itself. */
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly integers?: Readonly<Record<string, number>>;
}

export function newNode({ operator, inputs, output, integers = {} }: NewNode): Piece[] {
  return messageField(GRAPH.node, [
    ...inputs.flatMap((name) => stringField(NODE.input, name)),
    ...stringField(NODE.output, output),
    ...stringField(NODE.name, output),
    ...stringField(NODE.opType, operator),
    ...Object.entries(integers).flatMap(([name, value]) => integerAttribute(name, value)),
  ]);
}

const ATTRIBUTE = { name: 1, integer: 3, type: 20 } as const;
const INTEGER = 2;

/** @param value not negative */
export function integerAttribute(name: string, value: number): Piece[] {
  return messageField(NODE.attribute, [
    ...stringField(ATTRIBUTE.name, name),
    integerField(ATTRIBUTE.integer, value),
    integerField(ATTRIBUTE.type, INTEGER),
  ]);
}

export interface NewTensor {
  readonly name: string;
  readonly dataType: number;
  readonly shape: readonly number[];
}

/** @param data the fields that say what, or where, its numbers are */
export function newTensor({ name, dataType, shape }: NewTensor, data: readonly Piece[]): Piece[] {
  return messageField(GRAPH.initializer, [
    ...shape.map((size) => integerField(TENSOR.dims, size)),
    integerField(TENSOR.dataType, dataType),
    ...stringField(TENSOR.name, name),
    ...data,
  ]);
}
