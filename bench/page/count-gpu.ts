/**
 * Imported first by both workers: where the worker's name asks for it, wraps WebGPU's prototypes and
 * counts what is called. Everybody, onnxruntime's WASM included, goes through these.
 */

import type { GpuCounts } from "./gpu-counts.ts";

const counts: { -readonly [Name in keyof GpuCounts]: number } = {
  dispatches: 0,
  submits: 0,
  passes: 0,
  buffersCreated: 0,
  bindGroupsCreated: 0,
  pipelinesCreated: 0,
  bytesUploaded: 0,
  bytesReadBack: 0,
  syncs: 0,
};

if (self.name.startsWith("count-gpu-") && "GPUDevice" in self) {
  install();
  const channel = new BroadcastChannel(self.name);
  channel.onmessage = ({ data }) => {
    if (data === "read") channel.postMessage(counts);
  };
}

function install(): void {
  before(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => counts.dispatches++);
  before(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", () => counts.dispatches++);
  before(GPUCommandEncoder.prototype, "beginComputePass", () => counts.passes++);
  before(GPUQueue.prototype, "submit", () => counts.submits++);
  before(GPUQueue.prototype, "onSubmittedWorkDone", () => counts.syncs++);
  before(GPUQueue.prototype, "writeBuffer", (_, [, , data, from = 0, size]) => {
    // Offsets and sizes of typed arrays are in elements, of buffers in bytes.
    const unit = "BYTES_PER_ELEMENT" in data ? (data as Uint8Array).BYTES_PER_ELEMENT : 1;
    counts.bytesUploaded += size === undefined ? data.byteLength - from * unit : size * unit;
  });
  before(GPUDevice.prototype, "createBuffer", (_, [{ size, mappedAtCreation }]) => {
    counts.buffersCreated++;
    if (mappedAtCreation) counts.bytesUploaded += size;
  });
  before(GPUDevice.prototype, "createBindGroup", () => counts.bindGroupsCreated++);
  before(GPUDevice.prototype, "createComputePipeline", () => counts.pipelinesCreated++);
  before(GPUDevice.prototype, "createComputePipelineAsync", () => counts.pipelinesCreated++);
  before(GPUBuffer.prototype, "mapAsync", (buffer, [mode, offset = 0, size]) => {
    counts.syncs++;
    const bytes = size ?? buffer.size - offset;
    if (mode & GPUMapMode.READ) counts.bytesReadBack += bytes;
    else counts.bytesUploaded += bytes;
  });
}

type MethodName<Owner> = {
  [Name in keyof Owner]: Owner[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof Owner];

/** Calls `see` with the receiver and the arguments before each call of a method. */
function before<Owner extends object, Name extends MethodName<Owner>>(
  owner: Owner,
  name: Name,
  see: (
    receiver: Owner,
    args: Owner[Name] extends (...args: infer Args) => unknown ? Args : never,
  ) => void,
): void {
  const method = owner[name] as (...args: unknown[]) => unknown;
  Object.defineProperty(owner, name, {
    configurable: true,
    writable: true,
    value(this: Owner, ...args: unknown[]) {
      see(this, args as Parameters<typeof see>[1]);
      return method.apply(this, args);
    },
  });
}
