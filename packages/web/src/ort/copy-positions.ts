/** The beginning of a KV tensor as a tensor of its own, where the device keeps it. */

import type { Tensor } from "onnxruntime-web/webgpu";
import type { OrtModule } from "./load-ort.ts";
import type { CopyPositions } from "./onnx-decoding.ts";

/** @param gpu where tensors are that are not on the CPU */
export function createCopyPositions(ort: OrtModule, gpu: GPUDevice | undefined): CopyPositions {
  return (tensor, length) => {
    const [batch, heads, positions, headSize] = tensor.dims as [number, number, number, number];
    const dims = [batch, heads, length, headSize];
    const span: Span = {
      count: batch * heads,
      from: positions * headSize,
      to: length * headSize,
    };
    return gpu && tensor.location === "gpu-buffer"
      ? copyOnGpu(ort, gpu, tensor, dims, span)
      : copyOnCpu(ort, tensor, dims, span);
  };
}

/** `count` stretches, `from` elements apart, of which the first `to` elements are copied. */
interface Span {
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

function copyOnCpu(ort: OrtModule, tensor: Tensor, dims: number[], span: Span): Tensor {
  const source = tensor.data as Float32Array | Uint16Array;
  const copy = new (source.constructor as Float32ArrayConstructor)(span.count * span.to);
  for (let index = 0; index < span.count; index++) {
    const start = index * span.from;
    copy.set(source.subarray(start, start + span.to), index * span.to);
  }
  return new ort.Tensor(tensor.type as "float32", copy, dims);
}

function copyOnGpu(
  ort: OrtModule,
  gpu: GPUDevice,
  tensor: Tensor,
  dims: number[],
  span: Span,
): Tensor {
  const elementBytes = tensor.type === "float16" ? 2 : 4;
  const buffer = gpu.createBuffer({
    size: Math.max(16, Math.ceil((span.count * span.to * elementBytes) / 16) * 16),
    usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
  });
  const encoder = gpu.createCommandEncoder();
  for (let index = 0; index < span.count; index++) {
    encoder.copyBufferToBuffer(
      tensor.gpuBuffer,
      index * span.from * elementBytes,
      buffer,
      index * span.to * elementBytes,
      span.to * elementBytes,
    );
  }
  gpu.queue.submit([encoder.finish()]);
  return ort.Tensor.fromGpuBuffer(buffer, {
    dataType: tensor.type as "float32",
    dims,
    dispose: () => {
      buffer.destroy();
    },
  });
}
