/** Shows what an ONNX file contains, and which changes the kit would make in it. It reads the structure, not the weights. */

import { OnnxError } from "../errors.ts";
import { DATA_TYPE } from "../format/data-type.ts";
import { GRAPH, MODEL, OPSET } from "../format/onnx-fields.ts";
import { WIRE } from "../format/protobuf.ts";
import type { RewriteReport } from "./rewrite-report.ts";
import type { ByteSource } from "./byte-source.ts";
import { planDecoder } from "./decoder-rewrite.ts";
import { embeddingTable } from "./embedding-table.ts";
import { planEncoder } from "./encoder-rewrite.ts";
import { ExternalReference, joinFiles, type ExternalFile } from "./external-data.ts";
import { planInt8Vision } from "./int8-vision.ts";
import { nameIn, outlineModel, type GraphOutline } from "./model-outline.ts";
import { outlineNode } from "./node-outline.ts";
import { RewriteLog, shown } from "./rewrite-log.ts";
import { outlineValue } from "./value-outline.ts";
import { contentOf, type Field } from "./wire-reader.ts";

/** An input or output of the graph. */
export interface InspectedValue {
  readonly name: string;
  readonly type: string;
  /** The sizes; a free size is its name, or `?` if it has no name. */
  readonly shape: readonly (number | string)[];
}

/** The stored tensors, by type and by the operator that reads them. */
export interface InspectedTensors {
  readonly type: string;
  readonly usedBy: string;
  readonly count: number;
  readonly bytes: number;
}

/** The graphs that a FastVLM is made of. */
type GraphName = "vision" | "embed" | "decoder";

/** The result of `inspectModel`. It is made for people, and its form may change with any version. */
export interface ModelInspection {
  readonly file: string;
  readonly bytes: number;
  readonly irVersion: number | undefined;
  readonly producer: string;
  readonly opsets: readonly { readonly domain: string; readonly version: number }[];
  /** Which of a model's graphs it is, told by its outputs. */
  readonly graph: GraphName | "unknown";
  readonly inputs: readonly InspectedValue[];
  readonly outputs: readonly InspectedValue[];
  readonly operators: readonly { readonly operator: string; readonly count: number }[];
  readonly tensors: readonly InspectedTensors[];
  /** How many tensors say that they are in the file itself, as Python's `onnx` writes it for some. */
  readonly saidToBeHere: number;
  readonly externalData: readonly {
    readonly location: string;
    readonly tensors: number;
    readonly isThere: boolean;
  }[];
  /** Which changes would be made on each device, and why others would not. */
  readonly devices: Readonly<Record<"webgpu" | "wasm", readonly RewriteReport[]>>;
  /** For a vision encoder: whether it is right for images of any size, or why it is not. */
  readonly imageSize?: string;
  /** For a vision encoder: how many layers WASM would run in int8. */
  readonly int8Layers?: number;
  /** For a decoder: whether its steps can be captured on a GPU with subgroups. */
  readonly canBeCaptured?: boolean;
  /** What the kit does not recognise in the file, in words. */
  readonly unknown: readonly string[];
}

/**
 * @param file its name, for the result and for errors
 * @param openBeside opens a file that the graph keeps weights in, by its path from the graph's folder; undefined where
 *   there is none
 * @throws {OnnxError} `model-invalid` for what is not a whole ONNX file with one graph
 */
export function inspectModel(
  source: ByteSource,
  file: string,
  openBeside: (location: string) => ByteSource | undefined = () => undefined,
): ModelInspection {
  const alone = outline(source, file);
  const locations = externalLocations(alone);
  const beside = [...locations].map(([location, tensors]) => ({
    location,
    tensors,
    source: openBeside(location),
  }));
  const others = beside.filter((one): one is typeof one & ExternalFile => one.source !== undefined);
  const row = joinFiles(source, others);
  // A fresh outline for each, because a reader may read only a limited number of fields.
  const fresh = (): GraphOutline => outline(row.source, file, row.layout);
  const model = fresh();
  const values = (number: number): InspectedValue[] => valuesOf(model, number);
  const outputs = values(GRAPH.output);
  const graph = graphOf(outputs);
  return {
    file,
    bytes: source.size,
    ...headerOf(model),
    graph,
    inputs: values(GRAPH.input),
    outputs,
    ...contentsOf(model),
    externalData: beside.map(({ location, tensors, source: found }) => ({
      location: shown(location),
      tensors,
      isThere: found !== undefined,
    })),
    ...plansOf(graph, fresh),
  };
}

function outline(
  source: ByteSource,
  file: string,
  layout?: Parameters<typeof outlineModel>[2],
): GraphOutline {
  const model = outlineModel(source, file, layout);
  if (model) return model;
  throw new OnnxError(
    "model-invalid",
    { file, reason: "no graph" },
    `${file} is not an ONNX model with one graph. Name a file that an ONNX exporter wrote.`,
  );
}

const MAX_TEXT_BYTES = 256;

function headerOf({
  reader,
  messageEnd,
}: GraphOutline): Pick<ModelInspection, "irVersion" | "producer" | "opsets"> {
  let irVersion: number | undefined;
  const producer: string[] = [];
  const opsets: { domain: string; version: number }[] = [];
  const text = (field: Field): string =>
    field.end - field.content > MAX_TEXT_BYTES ? "?" : shown(nameIn(reader, field));
  for (const field of reader.fields({ start: 0, end: messageEnd })) {
    if (field.number === MODEL.irVersion && field.wireType === WIRE.varint) irVersion = field.value;
    if (field.wireType !== WIRE.bytes) continue;
    if (field.number === MODEL.producer || field.number === MODEL.producerVersion)
      producer.push(text(field));
    if (field.number !== MODEL.opsetImport) continue;
    let [domain, version] = ["", 0];
    for (const inner of reader.fields(contentOf(field))) {
      if (inner.number === OPSET.version) version = inner.value;
      if (inner.number === OPSET.domain && inner.wireType === WIRE.bytes) domain = text(inner);
    }
    opsets.push({ domain: domain === "" ? "ai.onnx" : domain, version });
  }
  return { irVersion, producer: producer.filter((one) => one !== "").join(" "), opsets };
}

function valuesOf({ reader, fields }: GraphOutline, number: number): InspectedValue[] {
  return fields
    .filter((field) => field.number === number)
    .map((field) => outlineValue(reader, field))
    .filter((value) => value !== undefined)
    .map(({ name, dataType = 0, shape = [], axes = [] }) => ({
      name: shown(name),
      type: typeName(dataType),
      shape: shape.map((size, axis) => size ?? shown(axes[axis] ?? "?")),
    }));
}

function graphOf(outputs: readonly InspectedValue[]): GraphName | "unknown" {
  const has = (name: string): boolean => outputs.some((output) => output.name === name);
  if (has("logits")) return "decoder";
  if (has("image_features")) return "vision";
  return has("inputs_embeds") ? "embed" : "unknown";
}

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(DATA_TYPE).map(([name, number]) => [number, name]),
);

function typeName(dataType: number): string {
  return TYPE_NAMES.get(dataType) ?? `type ${String(dataType)}`;
}

/** Nodes and tensors, counted. */
function contentsOf({
  reader,
  fields,
  tensors,
  messageEnd,
}: GraphOutline): Pick<ModelInspection, "operators" | "tensors" | "saidToBeHere" | "unknown"> {
  const operators = new Map<string, number>();
  const usedBy = new Map<string, string>();
  const unknown = new Set<string>();
  for (const field of fields) {
    if (field.number !== GRAPH.node) continue;
    const node = outlineNode(reader, field);
    if (!node) {
      unknown.add("a node with a graph inside, or with an endless name");
      continue;
    }
    operators.set(node.operator, (operators.get(node.operator) ?? 0) + 1);
    for (const input of node.inputs) if (!usedBy.has(input)) usedBy.set(input, node.operator);
  }
  for (const field of reader.fields({ start: 0, end: messageEnd }))
    if (field.number === MODEL.functions) unknown.add("functions of the model's own");

  const groups = new Map<string, { type: string; usedBy: string; count: number; bytes: number }>();
  let saidToBeHere = 0;
  for (const tensor of tensors) {
    const type = typeName(tensor.dataType);
    const user = shown(usedBy.get(tensor.name) ?? "nothing");
    const group = groups.get(`${type} ${user}`) ?? { type, usedBy: user, count: 0, bytes: 0 };
    group.count++;
    group.bytes += tensor.raw ? tensor.raw.end - tensor.raw.start : 0;
    groups.set(`${type} ${user}`, group);
    if (tensor.saysHere) saidToBeHere++;
    if (tensor.trouble !== undefined) unknown.add(shown(tensor.trouble));
    else if (!tensor.raw) unknown.add(`${type} numbers that are not stored as plain bytes`);
  }
  return {
    operators: [...operators]
      .map(([operator, count]) => ({ operator: shown(operator), count }))
      .sort((a, b) => b.count - a.count),
    tensors: [...groups.values()].sort((a, b) => b.bytes - a.bytes),
    saidToBeHere,
    unknown: [...unknown],
  };
}

/** How many tensors are in each external file. */
function externalLocations({ reader, tensors }: GraphOutline): ReadonlyMap<string, number> {
  const locations = new Map<string, number>();
  for (const { field, isExternal } of tensors) {
    if (!isExternal) continue;
    const reference = new ExternalReference();
    for (const inner of reader.fields(contentOf(field))) reference.takes(reader, inner);
    const location = reference.location ?? "";
    locations.set(location, (locations.get(location) ?? 0) + 1);
  }
  return locations;
}

type Plans = Pick<ModelInspection, "devices" | "imageSize" | "int8Layers" | "canBeCaptured">;

function plansOf(graph: GraphName | "unknown", fresh: () => GraphOutline): Plans {
  switch (graph) {
    case "decoder": {
      const onGpu = planDecoder(fresh(), { device: "webgpu", location: "weights" });
      const onCpu = planDecoder(fresh(), { device: "wasm" });
      const parts = onGpu.rewrite?.parts;
      return {
        devices: { webgpu: onGpu.rewrites, wasm: onCpu.rewrites },
        canBeCaptured:
          parts !== undefined &&
          parts.positioned > 0 &&
          parts.logits === "last" &&
          onGpu.rewrite?.readsMask === false,
      };
    }
    case "vision": {
      const { size, rewrites } = planEncoder(fresh());
      return {
        devices: { webgpu: rewrites, wasm: rewrites },
        imageSize: size.isFree ? "any" : `one only: ${size.reason}`,
        int8Layers: planInt8Vision(fresh(), { minModelWeights: 1 })?.layers ?? 0,
      };
    }
    case "embed": {
      const log = new RewriteLog();
      const table = embeddingTable(fresh(), log);
      const rewrites = [log.report("looked-up-rows", table ? 1 : 0)];
      return { devices: { webgpu: rewrites, wasm: rewrites } };
    }
    case "unknown":
      return { devices: { webgpu: [], wasm: [] } };
  }
}
