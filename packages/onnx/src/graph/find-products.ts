/** Finds the layers that multiply each position of their input with one stored float matrix. */

import { OnnxError } from "../errors.ts";
import { DATA_TYPE } from "../format/data-type.ts";
import type { WeightMatrix } from "../format/int8.ts";
import { GRAPH } from "../format/onnx-fields.ts";
import type { DataFlow } from "./data-flow.ts";
import { floatReader } from "./float-tensor.ts";
import { type GraphOutline, type StoredTensor } from "./model-outline.ts";
import { listAttribute, outlineNode, type NodeOutline } from "./node-outline.ts";
import type { WireReader } from "./wire-reader.ts";

/** Such a layer. */
export interface Product {
  readonly node: NodeOutline;
  /** Whether it is a convolution. Its channels come before the positions; those of a MatMul come after them. */
  readonly isConvolution: boolean;
  readonly input: string;
  readonly output: string;
  /** `""` for none. */
  readonly bias: string;
  readonly matrix: WeightMatrix;
  /** The matrix as it is stored. */
  readonly tensor: StoredTensor;
  /** The node that converts the matrix from float16, if it is stored as float16. */
  readonly widening: NodeOutline | undefined;
}

/** In the order of the file. */
export function findProducts(model: GraphOutline, flow: DataFlow, file: string): Product[] {
  const found: Product[] = [];
  for (const field of model.fields) {
    if (field.number !== GRAPH.node) continue;
    const node = outlineNode(model.reader, field);
    // Uses the flow's own object of the node, so that nodes can be compared.
    const known = node && flow.makerOf(node.outputs[0] ?? "");
    const product = known?.field.start === field.start && toProduct(model, flow, known, file);
    if (product) found.push(product);
  }
  return found;
}

function toProduct(
  model: GraphOutline,
  flow: DataFlow,
  node: NodeOutline,
  file: string,
): Product | undefined {
  const [input = "", weight = "", bias = ""] = node.inputs;
  const isConvolution = node.operator === "Conv";
  if (node.outputs.length !== 1 || input === "") return undefined;
  if (isConvolution ? !isPlainPointwise(model.reader, node) : node.operator !== "MatMul")
    return undefined;

  const maker = flow.makerOf(weight);
  const isWidened = maker?.operator === "Cast" && maker.integers.get("to") === DATA_TYPE.float32;
  const widening = isWidened ? maker : undefined;
  const stored = isWidened ? (maker.inputs[0] ?? "") : weight;
  const tensor = flow.stored(stored);
  // Weights that another node reads too, or that are an output, would have to be stored twice.
  const isOurs = [weight, stored].every(
    (value) => flow.readsOf(value) === 1 && !flow.outputs.has(value),
  );
  if (!tensor || !isOurs) return undefined;
  if (tensor.dataType !== (isWidened ? DATA_TYPE.float16 : DATA_TYPE.float32)) return undefined;

  const read = floatReader(model.source, tensor);
  const [first = 0, second = 0, ...rest] = tensor.shape;
  const isMatrix = isConvolution
    ? rest.length === 2 && rest.every((size) => size === 1)
    : rest.length === 0;
  if (!read || !isMatrix || first < 1 || second < 1) return undefined;
  const notFinite = (): OnnxError =>
    new OnnxError(
      "model-invalid",
      { file, reason: "a weight is not finite" },
      `The ${file} file has weights that are not numbers. Fetch the model's files again.`,
    );
  const matrix: WeightMatrix = isConvolution
    ? { rows: "outputs", outputs: first, inputs: second, read, notFinite }
    : { rows: "inputs", inputs: first, outputs: second, read, notFinite };
  return { node, isConvolution, input, output: node.outputs[0]!, bias, matrix, tensor, widening };
}

/** Whether a convolution with a 1x1 kernel is the same as a product with its matrix. */
function isPlainPointwise(reader: WireReader, node: NodeOutline): boolean {
  const list = (name: string) => listAttribute(reader, node, name) ?? [];
  return (
    (node.integers.get("group") ?? 1) === 1 &&
    list("strides").every((stride) => stride === 1) &&
    list("pads").every((padding) => padding === 0)
  );
}
