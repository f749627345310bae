/**
 * Finds nodes between two layers that treat each number by itself. For such nodes it does not matter whether channels come
 * first or last. Together they may be an activation, which exporters write in many ways.
 */

import { NODE } from "../format/onnx-fields.ts";
import { WIRE } from "../format/protobuf.ts";
import type { DataFlow } from "./data-flow.ts";
import type { GraphOutline } from "./model-outline.ts";
import type { NodeOutline } from "./node-outline.ts";
import { readScalar } from "./scalar.ts";
import { outlineTensor } from "./tensor-outline.ts";
import { contentOf } from "./wire-reader.ts";

/** Nodes from one value to another. No other node reads a value between them. */
export interface Elementwise {
  readonly from: string;
  readonly nodes: ReadonlySet<NodeOutline>;
  /** The values at both ends, and all between. */
  readonly values: ReadonlySet<string>;
  /** Computes for one number what the nodes compute. */
  readonly apply: (number: number) => number;
}

/** The longest chain of nodes. Exporters write GELU in five nodes. */
const MAX_NODES = 16;

/**
 * Walks back from `to`, which one node reads, to the first value that is a source.
 *
 * @returns undefined where a node is of another kind, there are several sources, or others read
 *   what is between
 */
export function elementwiseTo(
  model: GraphOutline,
  flow: DataFlow,
  to: string,
  isSource: (value: string) => boolean,
): Elementwise | undefined {
  const nodes = new Set<NodeOutline>();
  const values = new Set([to]);
  const scalars = new Map<string, number>();
  const sources = new Set<string>();
  // A set that grows while it is walked.
  for (const value of values) {
    if (isSource(value)) {
      sources.add(value);
      continue;
    }
    const scalar = scalarOf(model, flow, value);
    if (scalar !== undefined) {
      scalars.set(value, scalar);
      values.delete(value);
      continue;
    }
    const node = flow.makerOf(value);
    if (node?.outputs.length !== 1 || !Object.hasOwn(OPERATORS, node.operator)) return undefined;
    nodes.add(node);
    if (nodes.size > MAX_NODES || node.inputs.length > 2) return undefined;
    for (const input of node.inputs) if (!scalars.has(input)) values.add(input);
  }
  const [from] = sources;
  if (from === undefined || sources.size > 1) return undefined;
  for (const value of values) {
    if (flow.outputs.has(value)) return undefined;
    let reads = value === to ? 1 : 0;
    for (const { inputs } of nodes) reads += inputs.filter((input) => input === value).length;
    if (flow.readsOf(value) !== reads) return undefined;
  }
  return {
    from,
    nodes,
    values,
    apply: (number) => evaluate(flow, new Map([...scalars, [from, number]]), to),
  };
}

/** Whether the nodes compute GELU: the exact function, or its usual approximation. */
export function isGelu({ apply }: Elementwise): boolean {
  for (let number = -8; number <= 8; number += 0.125)
    if (!(Math.abs(apply(number) - gelu(number)) < GELU_TOLERANCE)) return false;
  return true;
}

/** The approximation by tanh differs from the exact GELU by at most 0.0005. */
const GELU_TOLERANCE = 6e-4;

const OPERATORS: Readonly<Record<string, (left: number, right: number) => number>> = {
  Add: (left, right) => left + right,
  Sub: (left, right) => left - right,
  Mul: (left, right) => left * right,
  Div: (left, right) => left / right,
  Pow: (left, right) => left ** right,
  Erf: erf,
  Tanh: Math.tanh,
  Sigmoid: (number) => 1 / (1 + Math.exp(-number)),
  Relu: (number) => Math.max(0, number),
  Identity: (number) => number,
  Gelu: gelu,
  "com.microsoft::Gelu": gelu,
};

function evaluate(flow: DataFlow, known: Map<string, number>, value: string): number {
  const number = known.get(value);
  if (number !== undefined) return number;
  known.set(value, NaN); // A cycle in the graph ends here.
  const { operator, inputs } = flow.makerOf(value)!;
  const [left = NaN, right = NaN] = inputs.map((input) => evaluate(flow, known, input));
  const result = OPERATORS[operator]!(left, right);
  known.set(value, result);
  return result;
}

function gelu(number: number): number {
  return 0.5 * number * (1 + erf(number * Math.SQRT1_2));
}

/** Abramowitz and Stegun 7.1.26, within 1.5e-7. */
function erf(number: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(number));
  const series =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(number) * (1 - series * Math.exp(-number * number));
}

/** Field numbers of onnx.proto's `AttributeProto`. */
const ATTRIBUTE_TENSOR = 5;

/** A single number from a stored tensor or from a Constant node. */
function scalarOf(model: GraphOutline, flow: DataFlow, value: string): number | undefined {
  const { reader } = model;
  const tensor = flow.stored(value);
  if (tensor) return readScalar(reader, tensor);
  const node = flow.makerOf(value);
  if (node?.operator !== "Constant") return undefined;
  for (const attribute of reader.fields(contentOf(node.field))) {
    if (attribute.number !== NODE.attribute || attribute.wireType !== WIRE.bytes) continue;
    for (const field of reader.fields(contentOf(attribute)))
      if (field.number === ATTRIBUTE_TENSOR && field.wireType === WIRE.bytes)
        return readScalar(reader, { field, ...outlineTensor(reader, contentOf(field)) });
  }
  return undefined;
}
