/**
 * A model without its weights: the same ONNX message, in which every large stored tensor says "my
 * bytes are in another file, from here to there" (ONNX's external data). The other file is the
 * original itself, so the weights stay where they are and nobody copies them.
 *
 * Everything else is carried over byte for byte, whether known here or not.
 */

import type { ByteSource } from "./byte-source.ts";
import { outlineTensor, TENSOR, type TensorOutline } from "./tensor-outline.ts";
import {
  contentOf,
  createWireReader,
  WIRE,
  type Field,
  type Span,
  type WireReader,
} from "./wire-reader.ts";
import {
  integerField,
  joinPieces,
  messageField,
  piecesLength,
  stringField,
  type Piece,
} from "./wire-writer.ts";

export interface SkeletonOptions {
  /** Names the file in errors. */
  readonly file: string;
  /** What the skeleton calls the file that its weights are in. ASCII. */
  readonly location: string;
  /**
   * Tensors of fewer bytes stay in the skeleton. Runtimes look into small ones, shapes and axes say,
   * before they load external data.
   */
  readonly minTensorBytes?: number;
}

export interface Skeleton {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of weights that stayed in the file. */
  readonly externalBytes: number;
}

const MIN_TENSOR_BYTES = 16 * 1024;

/** More than this without its large tensors is a model that keeps its weights where we do not look. */
const MAX_SKELETON_BYTES = 64 * 1024 * 1024;

/** Field numbers of onnx.proto. */
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const EXTERNAL = 1;

/**
 * @returns undefined where the file has no weights to leave behind, or has them in an unusual place:
 *   load such a file whole
 * @throws {VlmError} `model-invalid` for what is not a protobuf message
 */
export function toSkeleton(source: ByteSource, options: SkeletonOptions): Skeleton | undefined {
  const reader = createWireReader(source, options.file);
  const graphs: Field[] = [];
  let externalBytes = 0;
  const pieces = rewrite(reader, { start: 0, end: source.size }, (field) => {
    if (field.number !== MODEL_GRAPH || field.wireType !== WIRE.bytes) return undefined;
    graphs.push(field);
    const graph = rewrite(reader, contentOf(field), (inner) => {
      if (inner.number !== GRAPH_INITIALIZER || inner.wireType !== WIRE.bytes) return undefined;
      const tensor = outlineTensor(reader, contentOf(inner));
      const bytes = tensor.raw ? tensor.raw.end - tensor.raw.start : 0;
      if (!tensor.raw || bytes < (options.minTensorBytes ?? MIN_TENSOR_BYTES)) return undefined;
      externalBytes += bytes;
      return messageField(GRAPH_INITIALIZER, externalTensor(tensor, tensor.raw, options.location));
    });
    return messageField(MODEL_GRAPH, graph);
  });
  if (externalBytes === 0 || piecesLength(pieces) > MAX_SKELETON_BYTES) return undefined;
  return { bytes: joinPieces(source, pieces), externalBytes };
}

/** A message with some of its fields replaced; fields for which `replace` gives undefined stay as they are. */
function rewrite(
  reader: WireReader,
  message: Span,
  replace: (field: Field) => Piece[] | undefined,
): Piece[] {
  const pieces: Piece[] = [];
  let keptFrom = message.start;
  for (const field of reader.fields(message)) {
    const replacement = replace(field);
    if (!replacement) continue;
    if (field.start > keptFrom) pieces.push({ start: keptFrom, end: field.start });
    pieces.push(...replacement);
    keptFrom = field.end;
  }
  if (message.end > keptFrom) pieces.push({ start: keptFrom, end: message.end });
  return pieces;
}

function externalTensor(tensor: TensorOutline, raw: Span, location: string): Piece[] {
  const entry = (key: string, value: string): Piece[] =>
    messageField(TENSOR.externalData, [...stringField(1, key), ...stringField(2, value)]);
  return [
    ...tensor.others,
    ...entry("location", location),
    ...entry("offset", String(raw.start)),
    ...entry("length", String(raw.end - raw.start)),
    integerField(TENSOR.dataLocation, EXTERNAL),
  ];
}
