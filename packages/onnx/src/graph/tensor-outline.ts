/** Reads the type and shape of a stored tensor (`TensorProto`), and where its bytes are. */

import { byteLength } from "../format/data-type.ts";
import { LOCATION, TENSOR } from "../format/onnx-fields.ts";
import { WIRE } from "../format/protobuf.ts";
import { ExternalReference, type Layout } from "./external-data.ts";
import { contentOf, type Field, type Span, type WireReader } from "./wire-reader.ts";

export interface TensorOutline {
  /** The name, with one character per byte. It is compared, but never shown. */
  readonly name: string;
  readonly dataType: number;
  readonly shape: readonly number[];
  /** The place of its bytes, if they are all of its data and match type and shape. */
  readonly raw: Span | undefined;
  /** All fields except `raw` and those that name its file, as the file has them. */
  readonly others: readonly Uint8Array[];
  /** Whether `raw` is in an external file. */
  readonly isExternal: boolean;
  /** Whether it says that it is in the graph's own file, which is also the default. */
  readonly saysHere?: true;
  /** Why its bytes cannot be found. */
  readonly trouble?: string;
}

/** Fields that may occur together with `raw_data` without changing its meaning. */
const HARMLESS: ReadonlySet<number> = new Set([
  TENSOR.dims,
  TENSOR.dataType,
  TENSOR.name,
  TENSOR.docString,
  TENSOR.metadata,
]);

/**
 * @param layout where the external files are
 * @throws {OnnxError} `model-invalid`
 */
export function outlineTensor(reader: WireReader, span: Span, layout?: Layout): TensorOutline {
  const shape: number[] = [];
  const others: Uint8Array[] = [];
  let name = "";
  let dataType = 0;
  let raw: Span | undefined;
  let isPlain = true;
  let saysHere = false;
  const reference = new ExternalReference();
  for (const field of reader.fields(span)) {
    if (field.number === TENSOR.rawData && field.wireType === WIRE.bytes) {
      isPlain &&= raw === undefined;
      raw = contentOf(field);
      continue;
    }
    // Left out, because a tensor that moves to another file gets a new field that says so.
    saysHere ||= isHere(field);
    if (isHere(field) || reference.takes(reader, field)) continue;
    const isKnown = HARMLESS.has(field.number) && isShort(field);
    isPlain &&= isKnown;
    if (isPlain) others.push(reader.read(field).slice());
    if (!isKnown) continue;
    if (field.number === TENSOR.dims) shape.push(...readDims(reader, field));
    else if (field.number === TENSOR.dataType) dataType = field.value;
    else if (field.number === TENSOR.name) name = byteString(reader.read(contentOf(field)));
  }
  const bytes = byteLength(dataType, shape);
  const isExternal = reference.location !== undefined;
  let trouble: string | undefined;
  if (isExternal) {
    isPlain &&= raw === undefined;
    const found = reference.locate(layout?.files, bytes);
    if (typeof found === "string") trouble = found;
    else raw = found;
  }
  if (raw && raw.end - raw.start !== bytes) isPlain = false;
  return {
    name,
    dataType,
    shape,
    raw: isPlain ? raw : undefined,
    others,
    isExternal,
    ...(saysHere && { saysHere }),
    ...(trouble !== undefined && { trouble }),
  };
}

/**
 * Whether the field says that the tensor's numbers are in this file, which is also the default. Python's `onnx` writes
 * this field into every tensor that was in an external file once.
 */
export function isHere({ number, wireType, value }: Field): boolean {
  return number === TENSOR.dataLocation && wireType === WIRE.varint && value === LOCATION.here;
}

/** Turns each byte of a string into a character, so that names can be compared and copied without decoding them. */
export function byteString(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

const MAX_SHORT_BYTES = 4096;

/** Whether the field is short. Fields besides the bytes are read into memory, so a file must not be able to fill it. */
function isShort(field: Field): boolean {
  return field.end - field.start <= MAX_SHORT_BYTES;
}

/** Reads one varint, or several packed into bytes, because exporters write both. */
function readDims(reader: WireReader, field: Field): number[] {
  return field.wireType === WIRE.varint ? [field.value] : reader.varints(contentOf(field));
}
