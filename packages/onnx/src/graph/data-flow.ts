/** Tells which node makes a value and which nodes read it. This is needed to walk through a graph from its end. */

import { GRAPH } from "../format/onnx-fields.ts";
import { type GraphOutline, type StoredTensor } from "./model-outline.ts";
import { outlineNode, type NodeOutline } from "./node-outline.ts";
import { outlineValue, type ValueOutline } from "./value-outline.ts";

export interface DataFlow {
  makerOf(value: string): NodeOutline | undefined;
  /** The stored tensor of this name. Also undefined if the caller of the graph may replace the tensor. */
  stored(value: string): StoredTensor | undefined;
  /** How many inputs of nodes read the value. */
  readsOf(value: string): number;
  readonly inputs: ReadonlyMap<string, ValueOutline>;
  readonly outputs: ReadonlyMap<string, ValueOutline>;
  /** The types and shapes that the file declares for values between nodes. */
  readonly valueInfos: readonly ValueOutline[];
}

/**
 * @returns undefined if the graph has a node that cannot be judged (see `outlineNode`)
 * @throws {OnnxError} `model-invalid`
 */
export function dataFlow({ reader, fields, tensors }: GraphOutline): DataFlow | undefined {
  const makers = new Map<string, NodeOutline>();
  const reads = new Map<string, number>();
  for (const field of fields) {
    if (field.number !== GRAPH.node) continue;
    const node = outlineNode(reader, field);
    if (!node) return undefined;
    for (const output of node.outputs) makers.set(output, node);
    for (const input of node.inputs) reads.set(input, (reads.get(input) ?? 0) + 1);
  }
  const values = (number: number): ValueOutline[] =>
    fields
      .filter((field) => field.number === number)
      .map((field) => outlineValue(reader, field))
      .filter((value) => value !== undefined);
  const byName = (list: readonly ValueOutline[]) =>
    new Map(list.map((value) => [value.name, value]));

  const inputs = byName(values(GRAPH.input));
  const tensorOf = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return {
    makerOf: (value) => (value === "" ? undefined : makers.get(value)),
    stored: (value) => (inputs.has(value) ? undefined : tensorOf.get(value)),
    readsOf: (value) => reads.get(value) ?? 0,
    inputs,
    outputs: byName(values(GRAPH.output)),
    valueInfos: values(GRAPH.valueInfo),
  };
}
