/** Recognises graphs that round all positions of a run together. */

import { GRAPH } from "../format/onnx-fields.ts";
import type { GraphOutline } from "./model-outline.ts";
import { outlineNode } from "./node-outline.ts";
import type { Field } from "./wire-reader.ts";
import { ifReadable } from "./understand.ts";

const QUANTIZE = "DynamicQuantizeLinear";

/**
 * Whether one scale rounds the activations of all positions, as `DynamicQuantizeLinear` does in int8 files. Then a position
 * with large numbers takes precision from the others of its run.
 */
export function sharesScale({ reader, fields }: GraphOutline): boolean {
  const operatorOf = (field: Field): string | undefined => outlineNode(reader, field)?.operator;
  const nodes = fields.filter(({ number }) => number === GRAPH.node);
  return ifReadable(() => nodes.some((node) => operatorOf(node) === QUANTIZE)) ?? false;
}
