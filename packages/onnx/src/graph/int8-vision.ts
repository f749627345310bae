/**
 * Writes a vision encoder again with its 1x1 convolutions and linear layers as int8 products, which
 * the CPU runs about three times as fast (decisions/2026-11-24-int8-vision-encoder.md). Layers are recognised by what
 * they compute, not by names; what is not recognised stays byte for byte as it is.
 *
 * A convolution has its channels first, but the product needs them last. So the map is transposed before and after the
 * product. If only an activation is between two convolutions, the map is not transposed between them.
 */

import { DATA_TYPE } from "../format/data-type.ts";
import { toInt8Columns, type Int8Columns } from "../format/int8.ts";
import { GRAPH, MODEL, OPSET, TENSOR } from "../format/onnx-fields.ts";
import { integerField, WIRE } from "../format/protobuf.ts";
import { dataFlow, type DataFlow } from "./data-flow.ts";
import { deferred, writePieces } from "./deferred-pieces.ts";
import { elementwiseTo, isGelu, type Elementwise } from "./elementwise.ts";
import { findProducts, type Product } from "./find-products.ts";
import { nameIn, type GraphOutline } from "./model-outline.ts";
import type { NodeOutline } from "./node-outline.ts";
import { newNode, type NewNode } from "./node-writer.ts";
import { messageField, piecesLength, stringField, type Piece } from "./pieces.ts";
import { applyEdit, type MessageEdit } from "./rewrite.ts";
import { storedInside } from "./skeleton.ts";
import { contentOf } from "./wire-reader.ts";
import type { Bytes } from "./bytes.ts";

export interface Int8VisionPlan {
  /** The size of the new file in bytes. */
  readonly bytes: number;
  /** How many layers become int8 products. */
  readonly layers: number;
  /**
   * Returns the file from front to back, in chunks that the receiver owns. Only one tensor at a time is in memory.
   *
   * @throws {OnnxError} `model-invalid` where a weight is not a finite number, and what the source throws
   */
  readonly write: () => Generator<Bytes, void, undefined>;
}

export interface Int8VisionOptions {
  /** Names the file in errors. */
  readonly file?: string;
  /** Layers with fewer weights stay as they are. */
  readonly minLayerWeights?: number;
  /** If all layers together have fewer weights, there is no plan. */
  readonly minModelWeights?: number;
  /** Other changes for the new file, of nodes that are not such layers. */
  readonly edit?: MessageEdit;
}

/**
 * In smaller layers, transposing and quantising cost most of the time that the product saves. Besides, rounding in the first
 * layers, which are small, disturbs the result most.
 */
const MIN_LAYER_WEIGHTS = 16 * 1024;

/** A smaller encoder needs about 20 milliseconds for an image, in int8 or not. */
const MIN_MODEL_WEIGHTS = 8 * 1024 * 1024;

/** The first opset whose operators broadcast a single number to any shape by themselves. */
const MIN_OPSET = 7;

/**
 * @returns undefined if there is nothing to gain; then run the file as it is
 * @throws {OnnxError} `model-invalid`
 */
export function planInt8Vision(
  model: GraphOutline,
  options: Int8VisionOptions = {},
): Int8VisionPlan | undefined {
  const { minLayerWeights = MIN_LAYER_WEIGHTS, minModelWeights = MIN_MODEL_WEIGHTS } = options;
  const flow = model.opset >= MIN_OPSET ? dataFlow(model) : undefined;
  const isWrittenHere = model.tensors.some(({ name }) => name.startsWith(PREFIX));
  if (!flow || isWrittenHere) return undefined;
  const products = findProducts(model, flow, options.file ?? "vision encoder").filter(
    ({ matrix }) => matrix.inputs * matrix.outputs >= minLayerWeights,
  );
  const weights = products.reduce((sum, { matrix }) => sum + matrix.inputs * matrix.outputs, 0);
  if (products.length === 0 || weights < minModelWeights) return undefined;
  const { source, messageEnd, graph, fields } = model;
  const { edit } = options;
  const content = applyEdit(contentOf(graph), fields, {
    replacements: new Map([
      // The new file contains all weights, even if the old one has external files.
      ...storedInside(model),
      ...(edit?.replacements ?? []),
      ...replacementsFor(model, flow, products),
    ]),
    additions: edit?.additions ?? [],
  });
  const pieces = applyEdit({ start: 0, end: messageEnd }, [graph], {
    replacements: new Map([[graph.start, messageField(MODEL.graph, content)]]),
    additions: importsContrib(model) ? [] : contribImport(),
  });
  return {
    bytes: piecesLength(pieces),
    layers: products.length,
    write: () => writePieces(source, pieces),
  };
}

/** Names that no model has. */
const PREFIX = "fastvlm-kit/int8/";

const CONTRIB = "com.microsoft";

/** New pieces by the place of the field in the file; an empty list removes the field. */
type Replacements = Map<number, readonly Piece[]>;

function replacementsFor(
  model: GraphOutline,
  flow: DataFlow,
  products: readonly Product[],
): Replacements {
  const links = findLinks(model, flow, products);
  /** Values that also exist with their channels last, under their name with the prefix. */
  const isTurned = new Set<string>();
  const staysTurned = new Set([...links.values()].map(({ from }) => from));
  const replacements: Replacements = new Map();
  for (const [index, product] of products.entries()) {
    const { node, input, output, isConvolution, tensor, widening } = product;
    const link = links.get(product);
    const multiply = (from: string, to: string): Piece[] => int8Product(product, index, from, to);
    const pieces: Piece[] = [];
    if (!isConvolution) {
      pieces.push(...multiply(input, output));
    } else {
      const turnedInput = link ? input : PREFIX + input;
      const turnedOutput = staysTurned.has(output) ? output : PREFIX + output;
      if (!link && !isTurned.has(input)) {
        pieces.push(...transpose(input, turnedInput, TO_CHANNELS_LAST));
        isTurned.add(input);
      }
      pieces.push(...multiply(turnedInput, turnedOutput));
      if (turnedOutput !== output) {
        pieces.push(...transpose(turnedOutput, output, TO_CHANNELS_FIRST));
        isTurned.add(output);
      }
    }
    replacements.set(node.field.start, pieces);
    replacements.set(tensor.field.start, storedColumns(product, index));
    if (widening) replacements.set(widening.field.start, []);
    if (link && isGelu(link)) replaceGelu(flow, link, input, replacements);
  }
  // What the file says of their shapes no longer holds.
  const changed = new Set([...links.values()].flatMap(({ values }) => [...values]));
  for (const { name, field } of flow.valueInfos)
    if (changed.has(name)) replacements.set(field.start, []);
  return replacements;
}

/** For each convolution that feeds another one: the activation between them, if that is all. */
function findLinks(
  model: GraphOutline,
  flow: DataFlow,
  products: readonly Product[],
): ReadonlyMap<Product, Elementwise> {
  const convolutions = products.filter(({ isConvolution }) => isConvolution);
  const outputs = new Set(convolutions.map(({ output }) => output));
  const links = new Map<Product, Elementwise>();
  for (const product of convolutions) {
    const link = elementwiseTo(model, flow, product.input, (value) => outputs.has(value));
    if (link) links.set(product, link);
  }
  return links;
}

/**
 * Replaces the nodes of a GELU by one `FastGelu`. It differs from the exact GELU by at most 0.0005. This is a tenth of the
 * step to which its result is rounded next.
 */
function replaceGelu(
  flow: DataFlow,
  { from, nodes }: Elementwise,
  to: string,
  replacements: Replacements,
): void {
  for (const { field } of nodes) replacements.set(field.start, []);
  const last: NodeOutline | undefined = flow.makerOf(to);
  if (last && nodes.has(last))
    replacements.set(last.field.start, node(`${CONTRIB}::FastGelu`, [from], to));
}

const TO_CHANNELS_LAST = [0, 2, 3, 1];
const TO_CHANNELS_FIRST = [0, 3, 1, 2];

function transpose(from: string, to: string, order: readonly number[]): Piece[] {
  return node("Transpose", [from], to, { perm: order });
}

function int8Product({ bias }: Product, index: number, from: string, to: string): Piece[] {
  const { levels, scales } = columnNames(index);
  const noZeroPoint = "";
  return node(`${CONTRIB}::DynamicQuantizeMatMul`, [from, levels, scales, noZeroPoint, bias], to);
}

function node(
  operator: string,
  inputs: readonly string[],
  output: string,
  lists?: NewNode["lists"],
): Piece[] {
  return newNode({ operator, inputs, output, name: PREFIX + output, ...(lists && { lists }) });
}

function columnNames(index: number): { levels: string; scales: string } {
  return { levels: `${PREFIX}${index}/levels`, scales: `${PREFIX}${index}/scales` };
}

/** Replaces one stored tensor by two, the levels and the scales. The scales are computed together with the levels. */
function storedColumns({ matrix }: Product, index: number): Piece[] {
  const { inputs, outputs } = matrix;
  const names = columnNames(index);
  let scales: Int8Columns["scales"] | undefined;
  const makeLevels = (): Uint8Array<ArrayBuffer> => {
    const columns = toInt8Columns(matrix);
    ({ scales } = columns);
    return new Uint8Array(columns.levels.buffer);
  };
  const makeScales = (): Uint8Array<ArrayBuffer> =>
    new Uint8Array((scales ?? toInt8Columns(matrix).scales).buffer);
  return [
    ...storedTensor(
      names.levels,
      "int8",
      [inputs, outputs],
      deferred(inputs * outputs, makeLevels),
    ),
    ...storedTensor(names.scales, "float32", [outputs], deferred(outputs * 4, makeScales)),
  ];
}

function storedTensor(
  name: string,
  type: "int8" | "float32",
  shape: readonly number[],
  bytes: Piece,
): Piece[] {
  return messageField(GRAPH.initializer, [
    ...shape.map((size) => integerField(TENSOR.dims, size)),
    integerField(TENSOR.dataType, DATA_TYPE[type]),
    ...stringField(TENSOR.name, name),
    ...messageField(TENSOR.rawData, [bytes]),
  ]);
}

function importsContrib({ reader, messageEnd }: GraphOutline): boolean {
  for (const field of reader.fields({ start: 0, end: messageEnd })) {
    if (field.number !== MODEL.opsetImport || field.wireType !== WIRE.bytes) continue;
    for (const inner of reader.fields(contentOf(field)))
      if (inner.number === OPSET.domain && inner.wireType === WIRE.bytes)
        if (nameIn(reader, inner) === CONTRIB) return true;
  }
  return false;
}

function contribImport(): Piece[] {
  return messageField(MODEL.opsetImport, [
    ...stringField(OPSET.domain, CONTRIB),
    integerField(OPSET.version, 1),
  ]);
}
