/**
 * Inputs of a decode step in GPU buffers that stay. ORT makes a staging buffer for each tensor that it
 * gets on the CPU; a write to a buffer that is there needs none.
 */

import type { Tensor } from "onnxruntime-web/webgpu";
import type { OrtModule } from "./load-ort.ts";
import { bytesOf } from "./tensors.ts";

export interface GpuInputs {
  /** A tensor like this one, on the GPU. Valid until the next of this name. */
  put(name: string, tensor: Tensor): Tensor;
  dispose(): void;
}

/** WebGPU writes multiples of this. */
const WRITE_STEP = 4;

export function createGpuInputs(ort: OrtModule, gpu: GPUDevice): GpuInputs {
  const buffers = new Map<string, GPUBuffer>();

  const bufferFor = (name: string, size: number): GPUBuffer => {
    const known = buffers.get(name);
    if (known?.size === size) return known;
    known?.destroy();
    const buffer = gpu.createBuffer({
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    buffers.set(name, buffer);
    return buffer;
  };

  return {
    put(name, tensor) {
      const bytes = bytesOf(tensor);
      if (bytes.byteLength % WRITE_STEP !== 0) return tensor; // ORT knows how.
      const buffer = bufferFor(name, bytes.byteLength);
      gpu.queue.writeBuffer(buffer, 0, bytes);
      const { type, dims } = tensor;
      return ort.Tensor.fromGpuBuffer(buffer, { dataType: type as "float32", dims });
    },
    dispose() {
      for (const buffer of buffers.values()) buffer.destroy();
      buffers.clear();
    },
  };
}
