/** Reads a node (`NodeProto`): its operator, inputs and outputs, and the attributes that are integers or floats. */

import { ATTRIBUTE, NODE } from "../format/onnx-fields.ts";
import { WIRE } from "../format/protobuf.ts";
import { nameIn } from "./model-outline.ts";
import { contentOf, type Field, type WireReader } from "./wire-reader.ts";

export interface NodeOutline {
  readonly field: Field;
  /** ONNX's own operators by their name, those of other domains as `domain::name`. */
  readonly operator: string;
  /** The names of the inputs; `""` for an optional input that is left out. The same holds for outputs. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly integers: ReadonlyMap<string, number>;
  readonly floats: ReadonlyMap<string, number>;
}

/** Field numbers of onnx.proto's `NodeProto`. */

const MAX_NAME_BYTES = 4096;

/**
 * @returns undefined for a node that cannot be judged: it contains a graph, which may read any value of the outer graph, or
 *   it has a name that is too long
 * @throws {OnnxError} `model-invalid`
 */
export function outlineNode(reader: WireReader, field: Field): NodeOutline | undefined {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const integers = new Map<string, number>();
  const floats = new Map<string, number>();
  let type = "";
  let domain = "";
  for (const inner of reader.fields(contentOf(field))) {
    if (inner.wireType !== WIRE.bytes) continue;
    if (inner.number === NODE.attribute) {
      if (!readAttribute(reader, inner, { integers, floats })) return undefined;
      continue;
    }
    if (!TEXT_FIELDS.has(inner.number)) continue;
    if (!isShort(inner)) return undefined;
    const text = nameIn(reader, inner);
    if (inner.number === NODE.input) inputs.push(text);
    else if (inner.number === NODE.output) outputs.push(text);
    else if (inner.number === NODE.opType) type = text;
    else domain = text;
  }
  const isOnnx = domain === "" || domain === "ai.onnx";
  return {
    field,
    operator: isOnnx ? type : `${domain}::${type}`,
    inputs,
    outputs,
    integers,
    floats,
  };
}

const TEXT_FIELDS: ReadonlySet<number> = new Set([
  NODE.input,
  NODE.output,
  NODE.opType,
  NODE.domain,
]);

/** @returns false for an attribute that cannot be judged */
function readAttribute(
  reader: WireReader,
  field: Field,
  { integers, floats }: Record<"integers" | "floats", Map<string, number>>,
): boolean {
  let name = "";
  let integer: number | undefined;
  let float: number | undefined;
  for (const inner of reader.fields(contentOf(field))) {
    if (inner.number === ATTRIBUTE.subgraph || inner.number === ATTRIBUTE.subgraphs) return false;
    if (inner.number === ATTRIBUTE.integer) integer = inner.value;
    if (inner.number === ATTRIBUTE.float && inner.wireType === WIRE.fixed32)
      float = readFloat(reader, inner);
    if (inner.number !== ATTRIBUTE.name || inner.wireType !== WIRE.bytes) continue;
    if (!isShort(inner)) return false;
    name = nameIn(reader, inner);
  }
  if (integer !== undefined) integers.set(name, integer);
  if (float !== undefined) floats.set(name, float);
  return true;
}

function readFloat(reader: WireReader, field: Field): number {
  const { buffer, byteOffset, byteLength } = reader.read(contentOf(field));
  return new DataView(buffer, byteOffset, byteLength).getFloat32(0, true);
}

function isShort(field: Field): boolean {
  return field.end - field.content <= MAX_NAME_BYTES;
}

/** Enough for the sizes, steps and paddings of a few dimensions, packed. */
const MAX_LIST_BYTES = 256;

/** Reads an attribute that is a list of integers. A list that is too long is read as NaN. */
export function listAttribute(
  reader: WireReader,
  node: NodeOutline,
  name: string,
): number[] | undefined {
  const attribute = attributeOf(reader, node, name);
  if (!attribute) return undefined;
  const list: number[] = [];
  for (const field of reader.fields(contentOf(attribute))) {
    if (field.number !== ATTRIBUTE.integers) continue;
    if (field.wireType === WIRE.varint) list.push(field.value);
    else if (field.end - field.content > MAX_LIST_BYTES) list.push(NaN);
    else list.push(...reader.varints(contentOf(field)));
  }
  return list;
}

/** Reads an attribute that is text. */
export function textAttribute(
  reader: WireReader,
  node: NodeOutline,
  name: string,
): string | undefined {
  const attribute = attributeOf(reader, node, name);
  if (!attribute) return undefined;
  for (const field of reader.fields(contentOf(attribute)))
    if (field.number === ATTRIBUTE.text && field.wireType === WIRE.bytes && isShort(field))
      return nameIn(reader, field);
  return undefined;
}

function attributeOf(
  reader: WireReader,
  { field: node }: NodeOutline,
  name: string,
): Field | undefined {
  for (const attribute of reader.fields(contentOf(node))) {
    if (attribute.number !== NODE.attribute || attribute.wireType !== WIRE.bytes) continue;
    for (const field of reader.fields(contentOf(attribute)))
      if (field.number === ATTRIBUTE.name && field.wireType === WIRE.bytes)
        if (nameIn(reader, field) === name) return attribute;
  }
  return undefined;
}
