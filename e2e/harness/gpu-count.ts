/**
 * Counts what the browser's own WebGPU is asked for, whoever asks: the methods of its classes are replaced, and not those of
 * one device. A page asks for the count over a channel.
 */

import type { GpuWork } from "../../packages/web/src/engines/runtime.ts";

const CHANNEL = "gpu-count";

/** In the worker: counts from now on, and answers each message with the count. */
export function answerGpuCounts(): void {
  const work = { dispatches: 0, submits: 0, readBytes: 0 };
  replace(GPUQueue.prototype, "submit", () => (work.submits += 1));
  const dispatch = (): number => (work.dispatches += 1);
  replace(GPUComputePassEncoder.prototype, "dispatchWorkgroups", dispatch);
  replace(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", dispatch);
  const read = new WeakSet<GPUBuffer>();
  replace(GPUBuffer.prototype, "mapAsync", (buffer, mode) => {
    if (mode === GPUMapMode.READ) read.add(buffer);
  });
  replace(GPUBuffer.prototype, "getMappedRange", (buffer, offset = 0, size) => {
    if (!read.delete(buffer)) return;
    work.readBytes += (size as number | undefined) ?? buffer.size - (offset as number);
  });
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = ({ data }) => {
    if (data === "count?") channel.postMessage(work);
  };
}

/** In the page. */
export function askGpuCount(): Promise<GpuWork> {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve) => {
    channel.onmessage = ({ data }: MessageEvent<GpuWork>) => {
      channel.close();
      resolve(data);
    };
    channel.postMessage("count?");
  });
}

/** Tells `before` of each call of a method, and then makes the call. */
function replace<Name extends string, Owner extends Record<Name, (...given: never[]) => unknown>>(
  prototype: Owner,
  name: Name,
  before: (self: Owner, ...given: unknown[]) => unknown,
): void {
  const plain = prototype[name];
  Object.assign(prototype, {
    [name](this: Owner, ...given: never[]) {
      before(this, ...given);
      return plain.apply(this, given);
    },
  });
}
