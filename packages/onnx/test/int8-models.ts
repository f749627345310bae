/** Plans, writes and runs vision encoders in tests. */

import * as ort from "onnxruntime-web/wasm";
import {
  GRAPH,
  outlineModel,
  outlineNode,
  planInt8Vision,
  sourceOfBytes,
  type Int8VisionOptions,
  type Int8VisionPlan,
} from "../src/graph/index.ts";

ort.env.wasm.numThreads = 1;

export const PRODUCT = "com.microsoft::DynamicQuantizeMatMul";

export function plan(file: Uint8Array, options?: Int8VisionOptions): Int8VisionPlan | undefined {
  return planInt8Vision(outlineModel(sourceOfBytes(file), "test")!, options);
}

export function write({ write }: { write: Int8VisionPlan["write"] }): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([...write()]));
}

export function operatorsOf(file: Uint8Array): string[] {
  const { fields, reader } = outlineModel(sourceOfBytes(file), "test")!;
  return fields
    .filter(({ number }) => number === GRAPH.node)
    .map((field) => outlineNode(reader, field)!.operator);
}

export function open(file: Uint8Array): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(file, { executionProviders: ["wasm"], logSeverityLevel: 3 });
}

export async function run(
  session: ort.InferenceSession,
  name: string,
  input: Float32Array,
  shape: number[],
): Promise<Float32Array> {
  const outputs = await session.run({ [name]: new ort.Tensor("float32", input, shape) });
  return outputs[session.outputNames[0]!]!.data as Float32Array;
}

export function relativeDistance(some: Float32Array, others: Float32Array): number {
  const norm = (numbers: Float32Array): number => Math.sqrt(numbers.reduce((s, x) => s + x * x, 0));
  return norm(some.map((number, index) => number - others[index]!)) / norm(others);
}
