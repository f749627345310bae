/**
 * Counts what a GPU is asked for. The runtime does not tell it, but it asks through the device that the kit opened, whose
 * own methods are replaced here. A count costs an addition.
 */

import type { GpuWork } from "../runtime.ts";

/** Counts from now on. The counts of the returned object grow. */
export function countGpuWork(gpu: GPUDevice): GpuWork {
  const work = { dispatches: 0, submits: 0, readBytes: 0 };

  const { queue } = gpu;
  const submit = queue.submit.bind(queue);
  queue.submit = (buffers) => {
    work.submits += 1;
    submit(buffers);
  };

  const createCommandEncoder = gpu.createCommandEncoder.bind(gpu);
  gpu.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor);
    const beginComputePass = encoder.beginComputePass.bind(encoder);
    encoder.beginComputePass = (ofPass) => {
      const pass = beginComputePass(ofPass);
      const dispatch = pass.dispatchWorkgroups.bind(pass);
      pass.dispatchWorkgroups = (...counts) => {
        work.dispatches += 1;
        dispatch(...counts);
      };
      const dispatchIndirect = pass.dispatchWorkgroupsIndirect.bind(pass);
      pass.dispatchWorkgroupsIndirect = (...counts) => {
        work.dispatches += 1;
        dispatchIndirect(...counts);
      };
      return pass;
    };
    return encoder;
  };

  const createBuffer = gpu.createBuffer.bind(gpu);
  gpu.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    if ((descriptor.usage & GPUBufferUsage.MAP_READ) === 0) return buffer;
    const mapAsync = buffer.mapAsync.bind(buffer);
    buffer.mapAsync = (mode, offset, size) => {
      if (mode & GPUMapMode.READ) work.readBytes += size ?? buffer.size - (offset ?? 0);
      return mapAsync(mode, offset, size);
    };
    return buffer;
  };
  return work;
}
