/** Reads where the parts of an ONNX model are in its file. All rewrites use this outline. */

import { OnnxError } from "../errors.ts";
import { GRAPH, MODEL, OPSET } from "../format/onnx-fields.ts";
import { WIRE } from "../format/protobuf.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Layout } from "./external-data.ts";
import { byteString, outlineTensor, type TensorOutline } from "./tensor-outline.ts";
import { contentOf, createWireReader, type Field, type WireReader } from "./wire-reader.ts";

export interface StoredTensor extends TensorOutline {
  readonly field: Field;
}

/** A model with one graph. Nearly all models have one. */
export interface GraphOutline {
  /** The graph's file, followed by its external files. */
  readonly source: ByteSource;
  /** Where the graph's own file ends. */
  readonly messageEnd: number;
  readonly reader: WireReader;
  readonly graph: Field;
  /** All fields of the graph that are messages, in the order of the file. */
  readonly fields: readonly Field[];
  readonly tensors: readonly StoredTensor[];
  /** The version of ONNX's own operators; 0 if the model does not tell it. */
  readonly opset: number;
}

/**
 * The greatest number of nodes. The graphs of the models that the kit knows have a few thousand. Rewrites look at the
 * surroundings of each node, so that a file with a million of them would keep a core busy for minutes.
 */
const MAX_NODES = 20_000;

/**
 * @param file names the file in errors
 * @param layout where the external files are in the source, if there are any
 * @returns undefined if there is no graph, or more than one
 * @throws {OnnxError} `model-invalid` for what is not a protobuf message, and for a graph with too many nodes
 */
export function outlineModel(
  source: ByteSource,
  file: string,
  layout: Layout = { end: source.size, files: new Map() },
): GraphOutline | undefined {
  const messageEnd = layout.end;
  const reader = createWireReader(source, file);
  const graphs: Field[] = [];
  let opset = 0;
  for (const field of reader.fields({ start: 0, end: messageEnd })) {
    if (field.wireType !== WIRE.bytes) continue;
    if (field.number === MODEL.graph) graphs.push(field);
    else if (field.number === MODEL.opsetImport) opset ||= readOpset(reader, field);
  }
  const [graph] = graphs;
  if (!graph || graphs.length > 1) return undefined;

  const fields: Field[] = [];
  const tensors: StoredTensor[] = [];
  let nodesLeft = MAX_NODES;
  for (const field of reader.fields(contentOf(graph))) {
    if (field.wireType !== WIRE.bytes) continue;
    fields.push(field);
    if (field.number === GRAPH.node && nodesLeft-- === 0) throw tooManyNodes(file);
    if (field.number !== GRAPH.initializer) continue;
    tensors.push({ field, ...outlineTensor(reader, contentOf(field), layout) });
  }
  return { source, messageEnd, reader, graph, fields, tensors, opset };
}

function tooManyNodes(file: string): OnnxError {
  return new OnnxError(
    "model-invalid",
    { file, reason: "too many nodes" },
    `The ${file} file has a graph of more than ${String(MAX_NODES)} nodes. Use a file that a model's exporter wrote.`,
  );
}

/** The version of ONNX's own operators, whose domain has no name; 0 for other domains. */
function readOpset(reader: WireReader, span: Field): number {
  let version = 0;
  for (const field of reader.fields(contentOf(span))) {
    if (field.number === OPSET.version) version = field.value;
    if (field.number !== OPSET.domain || field.wireType !== WIRE.bytes) continue;
    const domain = field.end - field.content > MAX_DOMAIN_BYTES ? "?" : nameIn(reader, field);
    if (domain !== "" && domain !== "ai.onnx") return 0;
  }
  return version;
}

const MAX_DOMAIN_BYTES = 256;

/** Reads a name with one character per byte. Names are compared and copied, but never shown. */
export function nameIn(reader: WireReader, field: Field): string {
  return byteString(reader.read(contentOf(field)));
}
