/**
 * Keeps the inputs of a decoding step in GPU buffers. ORT creates a staging buffer for each tensor that it gets on the CPU.
 * Writing to a buffer that exists already needs none.
 */

import type { Tensor } from "onnxruntime-web/webgpu";
import type { OrtModule } from "./ort-source.ts";
import { bytesOf } from "./tensors.ts";

export interface GpuInputs {
  /** Returns the same tensor on the GPU. It is valid until the next call with this name. */
  put(name: string, tensor: Tensor): Tensor;
  dispose(): void;
}

/** WebGPU writes only multiples of this number of bytes. */
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
