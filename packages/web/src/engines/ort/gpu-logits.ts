/** The buffer into which captured steps write their logits. It is the same one for every sequence. */

import type { Tensor } from "onnxruntime-web/webgpu";
import { dataFlow, type GraphOutline } from "@fastvlm-kit/onnx/graph";
import { withModelErrors } from "../onnx-errors.ts";
import { BYTES } from "./kv-cache.ts";
import type { OrtModule } from "./ort-source.ts";
import type { Session } from "./session.ts";
import { missing, output } from "./tensors.ts";

export interface GpuLogits {
  /** [1, 1, vocab]. Read it before the next step of any sequence. */
  tensor(): Tensor;
  dispose(): void;
}

export const LOGITS = "logits";

/**
 * Whether the graph tells the number of logits.
 *
 * @throws {VlmError} `model-invalid`
 */
export function hasKnownVocabulary(model: GraphOutline): boolean {
  const flow = withModelErrors(() => dataFlow(model));
  return flow?.outputs.get(LOGITS)?.shape?.at(-1) !== undefined;
}

/** @throws {VlmError} `model-invalid` if the graph does not tell their number; see {@link hasKnownVocabulary} */
export function createGpuLogits(ort: OrtModule, gpu: GPUDevice, decoder: Session): GpuLogits {
  const { type, shape } = output(decoder, LOGITS);
  const vocabulary = shape.at(-1);
  if (typeof vocabulary !== "number" || (type !== "float32" && type !== "float16"))
    throw missing(decoder.graph, LOGITS);
  const bytes = vocabulary * BYTES[type];
  const size = Math.ceil(bytes / COPY_STEP) * COPY_STEP;
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const buffer = gpu.createBuffer({ size, usage });

  const download = async (): Promise<Float32Array> => {
    const landing = gpu.createBuffer({
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, landing, 0, size);
    gpu.queue.submit([encoder.finish()]);
    await landing.mapAsync(GPUMapMode.READ);
    const copy = landing.getMappedRange().slice(0, bytes);
    landing.destroy();
    // In the form that ORT uses: float16 numbers as their bits.
    return type === "float32" ? new Float32Array(copy) : (new Uint16Array(copy) as never);
  };
  return {
    // A tensor keeps the values that were read from it once, so each step needs a new one.
    tensor: () =>
      ort.Tensor.fromGpuBuffer(buffer, {
        dataType: type as "float32",
        dims: [1, 1, vocabulary],
        download,
      }),
    dispose: () => {
      buffer.destroy();
    },
  };
}

/** WebGPU copies only multiples of this number of bytes. */
const COPY_STEP = 4;
