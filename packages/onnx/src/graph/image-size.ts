/**
 * Finds out whether an encoder computes the same at every size of its image. A graph whose height and width have no
 * numbers may still be made for one size. When an exporter traces a mean over the map, such as the one in Apple's
 * squeeze-and-excite block, it writes a pool with the size of its example. At other sizes the numbers are wrong, and
 * differ between WASM and WebGPU (decisions/2026-11-26-graphs-of-others.md).
 */

import { GRAPH } from "../format/onnx-fields.ts";
import { dataFlow, type DataFlow } from "./data-flow.ts";
import { type GraphOutline, type StoredTensor } from "./model-outline.ts";
import { listAttribute, outlineNode, textAttribute, type NodeOutline } from "./node-outline.ts";
import { newNode } from "./node-writer.ts";
import type { Piece } from "./pieces.ts";
import type { MessageEdit } from "./rewrite.ts";
export type ImageSize =
  | {
      readonly isFree: true;
      /** How many pools become the mean over the map. */
      readonly pools: number;
      readonly edit: MessageEdit;
    }
  /** The encoder is right at one size only, or the graph does not tell. */
  | { readonly isFree: false; readonly reason: string };

const PIXELS = "pixel_values"; // [n, 3, height, width]
const FEATURES = "image_features"; // [n, tokens, hidden]

/** @throws {OnnxError} `model-invalid` */
export function imageSizeOf(model: GraphOutline): ImageSize {
  const flow = dataFlow(model);
  if (!flow) return fixed("it has a node with a graph inside, or one with an endless name");
  const shape = flow.inputs.get(PIXELS)?.shape;
  if (shape?.length !== 4) return fixed(`it has no input ${PIXELS} of four axes`);
  const [, , height, width] = shape;
  if (height !== undefined || width !== undefined)
    return fixed(`its images are ${String(height ?? "any")} x ${String(width ?? "any")} pixels`);
  const tokens = flow.outputs.get(FEATURES)?.shape?.at(-2);
  if (tokens !== undefined)
    return fixed(`it gives ${String(tokens)} tokens for images of any size`);

  const nodes = [...allNodes(model)];
  const means = findMeans(model, flow, nodes);
  const baked = nodes.find((node) => !means.has(node.field.start) && holdsSize(flow, node));
  if (baked) return fixed(`a node ${baked.operator} may hold the size of one image`);
  return { isFree: true, pools: means.size, edit: toMeans(flow, means) };
}

function fixed(reason: string): ImageSize {
  return { isFree: false, reason };
}

function* allNodes(model: GraphOutline): Generator<NodeOutline> {
  for (const field of model.fields) {
    const node = field.number === GRAPH.node ? outlineNode(model.reader, field) : undefined;
    if (node) yield node;
  }
}

/** A pool that is a mean over the whole map. */
interface Mean {
  readonly pool: NodeOutline;
  /** The values after the pool that have one number for each channel. */
  readonly values: ReadonlySet<string>;
}

/**
 * Finds pools whose result scales the same map that they pool. Such a graph is valid only if one window covers the whole
 * map, whatever its size. So the mean over the map was meant.
 */
function findMeans(
  model: GraphOutline,
  flow: DataFlow,
  nodes: readonly NodeOutline[],
): ReadonlyMap<number, Mean> {
  const means = new Map<number, Mean>();
  for (const { operator, inputs } of nodes) {
    const [first, second, ...others] = inputs;
    if (operator !== "Mul" || first === undefined || second === undefined || others.length > 0)
      continue;
    const mean =
      meanBehind(model, flow, { gate: second, map: first }) ??
      meanBehind(model, flow, { gate: first, map: second });
    if (mean) means.set(mean.pool.field.start, mean);
  }
  return means;
}

/** Operators of a gate. Their result for one position depends only on the channels of that position. */
const GATE: ReadonlySet<string> = new Set([
  "Add",
  "Cast",
  "Clip",
  "Constant",
  "Conv",
  "ConvInteger",
  "Div",
  "DequantizeLinear",
  "DynamicQuantizeLinear",
  "Flatten",
  "HardSigmoid",
  "Identity",
  "Mul",
  "QuantizeLinear",
  "Relu",
  "Reshape",
  "Sigmoid",
  "Squeeze",
  "Unsqueeze",
]);

/** Operators whose first input is data and whose other input is a layout. */
const LAYOUT: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze"]);

/** The greatest number of values in a gate. A quantised gate has about twenty. */
const MAX_GATE_VALUES = 48;

function meanBehind(
  model: GraphOutline,
  flow: DataFlow,
  { gate, map }: { readonly gate: string; readonly map: string },
): Mean | undefined {
  const values = new Set([gate]);
  let pool: NodeOutline | undefined;
  // A set that grows while it is walked.
  for (const value of values) {
    if (value === "" || flow.stored(value)) {
      values.delete(value);
      continue;
    }
    const node = flow.makerOf(value);
    if (!node || values.size > MAX_GATE_VALUES) return undefined;
    if (node.operator === "AveragePool") {
      if (pool && pool.field.start !== node.field.start) return undefined;
      pool = node;
      continue;
    }
    if (!GATE.has(node.operator)) return undefined;
    const data = LAYOUT.has(node.operator) ? node.inputs.slice(0, 1) : node.inputs;
    for (const input of data) values.add(input);
  }
  const isGate =
    pool !== undefined &&
    isOneWindow(model, pool) &&
    flow.readsOf(pool.outputs[0]!) === 1 &&
    sourceOf(flow, pool.inputs[0]) === sourceOf(flow, map);
  return isGate ? { pool: pool!, values } : undefined;
}

/** Whether windows are squares that lie side by side and inside the map. */
function isOneWindow({ reader }: GraphOutline, pool: NodeOutline): boolean {
  const list = (name: string) => listAttribute(reader, pool, name) ?? [];
  const [height, width, ...deep] = list("kernel_shape");
  const [down = 1, right = 1] = list("strides");
  const padding = textAttribute(reader, pool, "auto_pad") ?? "NOTSET";
  return (
    pool.outputs.length === 1 &&
    height !== undefined &&
    height > 0 &&
    [width, down, right].every((size) => size === height) &&
    deep.length === 0 &&
    list("pads").every((size) => size === 0) &&
    list("dilations").every((size) => size === 1) &&
    (pool.integers.get("ceil_mode") ?? 0) === 0 &&
    ["NOTSET", "VALID"].includes(padding)
  );
}

/** The value before nodes that change only its name or type. */
function sourceOf(flow: DataFlow, value = ""): string {
  let name = value;
  for (let steps = 0; steps < MAX_GATE_VALUES; steps++) {
    const maker = flow.makerOf(name);
    if (maker?.operator !== "Identity" && maker?.operator !== "Cast") return name;
    name = maker.inputs[0] ?? "";
  }
  return name;
}

const POOLS: ReadonlySet<string> = new Set(["AveragePool", "MaxPool", "LpPool", "MaxUnpool"]);
const ELEMENTWISE: ReadonlySet<string> = new Set(["Add", "Sub", "Mul", "Div"]);
const RESIZE_SIZES = 3;

/** Whether the node may have been written for maps of one size. */
function holdsSize(flow: DataFlow, { operator, inputs }: NodeOutline): boolean {
  if (POOLS.has(operator)) return true;
  if (operator === "Resize") return flow.stored(inputs[RESIZE_SIZES] ?? "") !== undefined;
  return ELEMENTWISE.has(operator) && inputs.some((input) => isMap(flow.stored(input)));
}

/** Whether the tensor has numbers for each position of a map, [n, channels, h, w], or of its tokens, [n, tokens, channels]. */
function isMap(tensor: StoredTensor | undefined): boolean {
  const shape = tensor?.shape ?? [];
  if (shape.length === 4) return shape.slice(2).some((size) => size > 1);
  return shape.length === 3 && shape[1]! > 1 && shape[2]! > 1;
}

function toMeans(flow: DataFlow, means: ReadonlyMap<number, Mean>): MessageEdit {
  const replacements = new Map<number, readonly Piece[]>();
  for (const { pool, values } of means.values()) {
    const [input, output] = [pool.inputs[0]!, pool.outputs[0]!];
    replacements.set(
      pool.field.start,
      newNode({ operator: "GlobalAveragePool", inputs: [input], output }),
    );
    // The shapes that the file declares for them are no longer right.
    for (const { name, field } of flow.valueInfos)
      if (values.has(name)) replacements.set(field.start, []);
  }
  return { replacements, additions: [] };
}
