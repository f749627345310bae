/**
 * Makes a decoder compute the logits of the last position only, because no others are used. The product with the
 * vocabulary reads only the last row of its input; its weights stay as they are.
 *
 * The walk goes back from `logits` through nodes that treat every position alike. If it meets any other node, the graph
 * stays as it is.
 */

import { GRAPH, NODE } from "../format/onnx-fields.ts";
import { dataFlow, type DataFlow } from "./data-flow.ts";
import type { GraphOutline } from "./model-outline.ts";
import type { NodeOutline } from "./node-outline.ts";
import { newIntegers, newNode } from "./node-writer.ts";
import { messageField, stringField, type Piece } from "./pieces.ts";
import { rewrite, type MessageEdit } from "./rewrite.ts";
import { RewriteLog, shown } from "./rewrite-log.ts";
import { withSize } from "./value-outline.ts";
import { contentOf } from "./wire-reader.ts";
const NAME = "last-logits";
const LOGITS = "logits"; // [batch, positions, vocab]
const POSITIONS = 1;

/** The first opset whose Slice reads its numbers from inputs. */
const MIN_OPSET = 10;

/**
 * @returns undefined if the graph is not understood; an edit without changes if the graph already returns the last
 *   position only
 * @throws {OnnxError} `model-invalid`
 */
export function lastLogits(model: GraphOutline, log = new RewriteLog()): MessageEdit | undefined {
  const miss = (reason: string): MessageEdit | undefined => {
    log.miss(NAME, reason);
    return undefined;
  };
  const flow = dataFlow(model);
  if (!flow) return miss("a node has a graph inside");
  const { opset } = model;
  const output = flow.outputs.get(LOGITS);
  if (output?.shape?.length !== 3) return miss(`no output ${LOGITS} of three axes`);
  if (output.shape[POSITIONS] === 1) return { replacements: new Map(), additions: [] };
  if (output.shape[POSITIONS] !== undefined) return miss("logits of a fixed number of positions");
  if (opset < MIN_OPSET) return miss(`opset ${String(opset)}, ${String(MIN_OPSET)} is needed`);
  const found = findProduct(flow);
  if (typeof found === "string") return miss(found);

  const { product, between } = found;
  const notes = flow.valueInfos.filter(({ name }) => between.has(name));
  return {
    replacements: new Map<number, readonly Piece[]>([
      [output.field.start, withSize(model.reader, output.field, POSITIONS, 1)],
      [product.field.start, [...slice(product.inputs[0]!), ...onLastRow(model, product)]],
      // The shapes that the file declares for them are no longer right.
      ...notes.map(({ field }) => [field.start, []] as const),
    ]),
    additions: Object.entries(SLICE).flatMap(([name, value]) => newIntegers(name, [value])),
  };
}

/** The product with the vocabulary, and the values from there to the logits. */
function findProduct(
  flow: DataFlow,
): { product: NodeOutline; between: ReadonlySet<string> } | string {
  const between = new Set<string>();
  let value = LOGITS;
  while (true) {
    const node = flow.makerOf(value);
    const isInner = value !== LOGITS;
    const readers = flow.readsOf(value) + (flow.outputs.has(value) ? 1 : 0);
    // A value with another reader has to keep its positions. A value that occurs twice is a cycle.
    if (node?.outputs.length !== 1) return `${shown(value)} is not made by a node of its own`;
    if (readers !== 1 || between.has(value)) return `${shown(value)} is read by other nodes too`;
    if (isInner) between.add(value);
    if (isProduct(flow, node)) return { product: node, between: between.add(LOGITS) };
    const next = throughElementwise(flow, node);
    if (next === undefined)
      return `between the product with the vocabulary and the logits is a node ${shown(node.operator)}`;
    value = next;
  }
}

/** Whether the node multiplies each position of its first input with one stored matrix. */
function isProduct(flow: DataFlow, { operator, inputs }: NodeOutline): boolean {
  const rest = inputs.slice(2).filter((name) => name !== "");
  switch (operator) {
    case "MatMul":
      return isStoredMatrix(flow, inputs[1]);
    case "com.microsoft::MatMulNBits":
      return [inputs[1], ...rest].every((name) => flow.stored(name ?? "") !== undefined);
    case "MatMulInteger":
      // Its input is still quantised with one scale for all positions, so the numbers stay the same.
      return isStoredMatrix(flow, inputs[1]) && rest.every((name) => isForAll(flow, name));
    default:
      return false;
  }
}

/** The input with the positions, if the node treats all of them alike. */
function throughElementwise(flow: DataFlow, node: NodeOutline): string | undefined {
  const [first, second] = node.inputs;
  if (node.operator === "Cast" || node.operator === "Identity") return first;
  if (node.operator !== "Mul" && node.operator !== "Add") return undefined;
  if (first === undefined || second === undefined) return undefined;
  if (isForAll(flow, second)) return first;
  return isForAll(flow, first) ? second : undefined;
}

/** Whether the value has no axis of positions: it is a stored vector, or the scale of a quantised input. */
function isForAll(flow: DataFlow, value: string, depth = 4): boolean {
  const tensor = flow.stored(value);
  if (tensor) return tensor.shape.length <= 1;
  const node = flow.makerOf(value);
  if (!node || depth === 0) return false;
  if (node.operator === "DynamicQuantizeLinear") return node.outputs.indexOf(value) > 0;
  // None of these nodes has more than two inputs, and more would make the walk long.
  if (node.inputs.length > 2 || !["Mul", "Cast"].includes(node.operator)) return false;
  return node.inputs.every((input) => isForAll(flow, input, depth - 1));
}

/** Whether the value is a stored matrix, perhaps converted or transposed on the way. */
function isStoredMatrix(flow: DataFlow, value = "", depth = 4): boolean {
  const tensor = flow.stored(value);
  if (tensor) return tensor.shape.length === 2;
  const node = flow.makerOf(value);
  if (!node || depth === 0 || !UNARY.has(node.operator)) return false;
  return isStoredMatrix(flow, node.inputs[0], depth - 1);
}

const UNARY: ReadonlySet<string> = new Set(["Cast", "Identity", "Transpose", "DequantizeLinear"]);

/** Names and values that no model has. */
const LAST_ROW = "fastvlm-kit/last_row";
const SLICE = {
  "fastvlm-kit/last_row/start": -1n,
  "fastvlm-kit/last_row/end": 2n ** 63n - 1n,
  "fastvlm-kit/last_row/axis": BigInt(POSITIONS),
} as const;

/** [batch, positions, width] → [batch, 1, width] */
function slice(input: string): Piece[] {
  return newNode({
    operator: "Slice",
    inputs: [input, ...Object.keys(SLICE)],
    output: LAST_ROW,
  });
}

function onLastRow({ reader }: GraphOutline, product: NodeOutline): Piece[] {
  let inputs = 0;
  const content = rewrite(reader, contentOf(product.field), ({ number }) =>
    number === NODE.input && inputs++ === 0 ? stringField(NODE.input, LAST_ROW) : undefined,
  );
  return messageField(GRAPH.node, content);
}
