/**
 * Writes a skeleton: the same ONNX message without its weights. Every large stored tensor says instead where in another
 * file its bytes are (ONNX's external data). The other file is the original file, followed by its external files. So the
 * weights stay where they are, and no copy is made.
 *
 * Everything else is copied byte for byte, also fields that are not known here.
 */

import { GRAPH, LOCATION, MODEL, TENSOR } from "../format/onnx-fields.ts";
import { integerField } from "../format/protobuf.ts";
import type { ByteSource } from "./byte-source.ts";
import { outlineModel, type GraphOutline } from "./model-outline.ts";
import { joinPieces, messageField, piecesLength, stringField, type Piece } from "./pieces.ts";
import { applyEdit, type MessageEdit } from "./rewrite.ts";
import type { TensorOutline } from "./tensor-outline.ts";
import { contentOf, type Span } from "./wire-reader.ts";
import type { Bytes } from "./bytes.ts";

export interface SkeletonOptions {
  /** The name that the skeleton uses for the file with its weights, in ASCII. */
  readonly location: string;
  /**
   * Tensors with fewer bytes stay in the skeleton, because runtimes read small ones, such as shapes and axes, before they
   * load external data.
   */
  readonly minTensorBytes?: number;
  /** Changes of the graph. Stored tensors that it replaces are skipped. */
  readonly edit?: MessageEdit;
}

export interface Skeleton {
  readonly bytes: Bytes;
  /** Bytes of weights that stayed in the file. */
  readonly externalBytes: number;
}

const MIN_TENSOR_BYTES = 16 * 1024;

/** A larger skeleton means that the model keeps its weights in a place that is not recognised. */
const MAX_SKELETON_BYTES = 64 * 1024 * 1024;

/**
 * @param file names the file in errors
 * @returns undefined if the file has no weights to leave out, or has them in an unusual place; load such a file as a
 *   whole
 * @throws {OnnxError} `model-invalid` for what is not a protobuf message
 */
export function toSkeleton(
  source: ByteSource,
  { file, ...options }: SkeletonOptions & { readonly file: string },
): Skeleton | undefined {
  const model = outlineModel(source, file);
  return model && skeletonOf(model, options);
}

/** For tensors whose bytes are in an external file: the same tensors with their bytes inside. */
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
  // A small graph has to be written too if it was changed.
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
