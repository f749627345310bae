/** Reports what one call made the GPU do. */

import type { Runtime } from "../engines/runtime.ts";
import type { Recorder } from "../metrics/recorder.ts";

/**
 * Begins to count.
 *
 * @returns a function that reports what was done since then. It reports nothing where no GPU is asked.
 */
export function startGpuCount(runtime: Runtime): (recorder: Recorder) => void {
  const before = runtime.gpuWork && { ...runtime.gpuWork };
  return (recorder) => {
    const { gpuWork } = runtime;
    if (!before || !gpuWork || gpuWork.submits === before.submits) return;
    recorder.record("vlm.gpu.dispatches", gpuWork.dispatches - before.dispatches);
    recorder.record("vlm.gpu.submits", gpuWork.submits - before.submits);
    recorder.record("vlm.gpu.read.bytes", gpuWork.readBytes - before.readBytes);
  };
}
