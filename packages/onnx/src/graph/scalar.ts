/** Reads the number in a stored tensor of one element. Exporters store it as bytes or in a typed list. */

import { DATA_TYPE } from "../format/data-type.ts";
import { fromFloat16 } from "../format/float16.ts";
import { TENSOR } from "../format/onnx-fields.ts";
import { WIRE } from "../format/protobuf.ts";
import type { StoredTensor } from "./model-outline.ts";
import { isHere } from "./tensor-outline.ts";
import { contentOf, type Field, type WireReader } from "./wire-reader.ts";

/** @returns undefined for other tensors, and for element types that are not used for scales or counts */
export function readScalar(reader: WireReader, tensor: StoredTensor): number | undefined {
  if (tensor.shape.some((size) => size !== 1)) return undefined;
  if (tensor.raw) return fromBytes(tensor.dataType, reader.read(tensor.raw));
  let number: number | undefined;
  for (const field of reader.fields(contentOf(tensor.field))) {
    if (!LISTS.has(field.number)) {
      const isElsewhere = field.number === TENSOR.dataLocation && !isHere(field);
      if (field.number === TENSOR.externalData || isElsewhere) return undefined;
      continue;
    }
    if (number !== undefined) return undefined;
    number =
      tensor.dataType === DATA_TYPE.float32 ? readFloat(reader, field) : readInteger(reader, field);
    if (number === undefined) return undefined;
  }
  // Lists have float16 as the integer of its bits.
  return tensor.dataType === DATA_TYPE.float16 && number !== undefined ? fromBits(number) : number;
}

/** Field numbers of `TensorProto`: numbers as themselves, packed or not. */
const FLOAT_DATA = 4;
const INT32_DATA = 5;
const LISTS: ReadonlySet<number> = new Set([FLOAT_DATA, INT32_DATA]);

function readFloat(reader: WireReader, field: Field): number | undefined {
  const isOne = field.end - field.content === 4;
  const isFloat = field.wireType === WIRE.fixed32 || field.wireType === WIRE.bytes;
  if (field.number !== FLOAT_DATA || !isOne || !isFloat) return undefined;
  return fromBytes(DATA_TYPE.float32, reader.read(contentOf(field)));
}

/** Integers of up to 32 bits, signed or not, are all in the same list. */
function readInteger(reader: WireReader, field: Field): number | undefined {
  if (field.number !== INT32_DATA) return undefined;
  if (field.wireType === WIRE.varint) return field.value;
  if (field.wireType !== WIRE.bytes || field.end - field.content > 10) return undefined;
  const values = reader.varints(contentOf(field));
  return values.length === 1 ? values[0] : undefined;
}

function fromBytes(dataType: number, bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (dataType) {
    case DATA_TYPE.float32:
      return view.getFloat32(0, true);
    case DATA_TYPE.float16:
      return fromBits(view.getUint16(0, true));
    case DATA_TYPE.int64:
      return Number(view.getBigInt64(0, true));
    case DATA_TYPE.int8:
      return view.getInt8(0);
    case DATA_TYPE.uint8:
      return view.getUint8(0);
    default:
      return undefined;
  }
}

function fromBits(bits: number): number | undefined {
  return fromFloat16(Uint16Array.of(bits))[0];
}
