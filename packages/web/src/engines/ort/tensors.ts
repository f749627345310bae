/** Moves values into and out of ORT's tensors. */

import type { InferenceSession, Tensor } from "onnxruntime-web/webgpu";
import { fromFloat16, toFloat16 } from "@fastvlm-kit/onnx/graph";
import { VlmError } from "../../protocol/errors.ts";
import type { GraphName } from "../../protocol/model-descriptor.ts";
import type { OrtModule } from "./ort-source.ts";
import type { Session } from "./session.ts";

export function input(session: Session, name: string): InferenceSession.TensorValueMetadata {
  const found = session.inputs.find((one) => one.name === name);
  if (!found) throw missing(session.graph, name);
  return found;
}

export function output(session: Session, name: string): InferenceSession.TensorValueMetadata {
  const found = session.outputs.find((one) => one.name === name);
  if (!found) throw missing(session.graph, name);
  return found;
}

export function missing(graph: GraphName, name: string): VlmError<"model-invalid"> {
  return new VlmError(
    "model-invalid",
    `The ${graph} graph has no ${name}. It needs the names of the public FastVLM files.`,
    { file: graph, reason: `no ${name}` },
  );
}

/** Creates a float tensor with the type of the graph's input. */
export function toTensor(
  ort: OrtModule,
  { type }: InferenceSession.TensorValueMetadata,
  values: Float32Array,
  dims: readonly number[],
): Tensor {
  return type === "float16"
    ? new ort.Tensor("float16", toFloat16(values), dims)
    : new ort.Tensor("float32", values, dims);
}

export async function readFloats(tensor: Tensor): Promise<Float32Array> {
  const data = await tensor.getData();
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return fromFloat16(data);
  // In browsers with Float16Array, ORT returns one.
  return Float32Array.from(data as unknown as ArrayLike<number>);
}

export function int64(ort: OrtModule, values: BigInt64Array, dims: readonly number[]): Tensor {
  return new ort.Tensor("int64", values, dims);
}

/** The bytes of a tensor on the CPU, for any type of array that this browser uses. */
export function bytesOf({ data }: Tensor): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = data as Float32Array<ArrayBuffer>;
  return new Uint8Array(buffer, byteOffset, byteLength);
}
