/**
 * A model without its weights: the same ONNX message, in which every large stored tensor says "my
 * bytes are in another file, from here to there" (ONNX's external data). The other file is the
 * original itself, with what lies beside it behind its end, so the weights stay where they are and
 * nobody copies them.
 *
 * Everything else is carried over byte for byte, whether known here or not.
 */

import type { ByteSource } from "./byte-source.ts";
import { GRAPH, MODEL, outlineModel, type GraphOutline } from "./model-outline.ts";
import { applyEdit, type MessageEdit } from "./rewrite.ts";
import { LOCATION, TENSOR, type TensorOutline } from "./tensor-outline.ts";
import { contentOf, type Span } from "./wire-reader.ts";
import {
  integerField,
  joinPieces,
  messageField,
  piecesLength,
  stringField,
  type Piece,
} from "./wire-writer.ts";

export interface SkeletonOptions {
  /** What the skeleton calls the file that its weights are in. ASCII. */
  readonly location: string;
  /**
   * Tensors of fewer bytes stay in the skeleton. Runtimes look into small ones, shapes and axes say,
   * before they load external data.
   */
  readonly minTensorBytes?: number;
  /** Changes of the graph. A stored tensor that it replaces is not looked at. */
  readonly edit?: MessageEdit;
}

export interface Skeleton {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Bytes of weights that stayed in the file. */
  readonly externalBytes: number;
}

const MIN_TENSOR_BYTES = 16 * 1024;

/** More than this without its large tensors is a model that keeps its weights where we do not look. */
const MAX_SKELETON_BYTES = 64 * 1024 * 1024;

/**
 * @param file names the file in errors
 * @returns undefined where the file has no weights to leave behind, or has them in an unusual place:
 *   load such a file whole
 * @throws {OnnxError} `model-invalid` for what is not a protobuf message
 */
export function toSkeleton(
  source: ByteSource,
  { file, ...options }: SkeletonOptions & { readonly file: string },
): Skeleton | undefined {
  const model = outlineModel(source, file);
  return model && skeletonOf(model, options);
}

/** For tensors whose bytes are in a file beside the graph: the same ones with their bytes inside. */
export function storedInside({ tensors }: GraphOutline): Map<number, readonly Piece[]> {
  const inside = new Map<number, readonly Piece[]>();
  for (const { field, others, raw, isExternal } of tensors) {
    if (!isExternal || !raw) continue;
    const bytes = messageField(TENSOR.rawData, [raw]);
    inside.set(field.start, messageField(GRAPH.initializer, [...others, ...bytes]));
  }
  return inside;
}

/** {@link toSkeleton} of a file whose structure is known already. */
export function skeletonOf(model: GraphOutline, options: SkeletonOptions): Skeleton | undefined {
  const { source, messageEnd, graph, fields } = model;
  const { location, minTensorBytes = MIN_TENSOR_BYTES, edit } = options;
  const replacements = new Map([...storedInside(model), ...(edit?.replacements ?? [])]);
  let externalBytes = 0;
  for (const tensor of model.tensors) {
    const bytes = tensor.raw ? tensor.raw.end - tensor.raw.start : 0;
    if (!tensor.raw || bytes < minTensorBytes || edit?.replacements.has(tensor.field.start))
      continue;
    externalBytes += bytes;
    const external = externalTensor(tensor, tensor.raw, location);
    replacements.set(tensor.field.start, messageField(GRAPH.initializer, external));
  }
  const content = applyEdit(contentOf(graph), fields, {
    replacements,
    additions: edit?.additions ?? [],
  });
  const pieces = applyEdit({ start: 0, end: messageEnd }, [graph], {
    replacements: new Map([[graph.start, messageField(MODEL.graph, content)]]),
    additions: [],
  });
  // A small graph that is changed has to be written anew all the same.
  if ((externalBytes === 0 && !edit) || piecesLength(pieces) > MAX_SKELETON_BYTES) return undefined;
  return { bytes: joinPieces(source, pieces), externalBytes };
}

function externalTensor(tensor: TensorOutline, raw: Span, location: string): Piece[] {
  const entry = (key: string, value: string): Piece[] =>
    messageField(TENSOR.externalData, [...stringField(1, key), ...stringField(2, value)]);
  return [
    ...tensor.others,
    ...entry("location", location),
    ...entry("offset", String(raw.start)),
    ...entry("length", String(raw.end - raw.start)),
    integerField(TENSOR.dataLocation, LOCATION.external),
  ];
}
