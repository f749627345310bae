/** What a GPU has to be told and given. */

export interface GpuCounts {
  readonly dispatches: number;
  readonly submits: number;
  readonly passes: number;
  readonly buffersCreated: number;
  readonly bindGroupsCreated: number;
  readonly pipelinesCreated: number;
  readonly bytesUploaded: number;
  readonly bytesReadBack: number;
  /** Waits for the GPU: `mapAsync` and `onSubmittedWorkDone`. */
  readonly syncs: number;
}

/** The name of a worker that counts, and of the channel that it answers on. */
export const countingName = (engine: string): string => `count-gpu-${engine}`;

/** Asks a counting worker. */
export function readGpuCounts(engine: string): Promise<GpuCounts> {
  const channel = new BroadcastChannel(countingName(engine));
  return new Promise((resolve) => {
    channel.onmessage = ({ data }: MessageEvent<GpuCounts | "read">) => {
      if (data === "read") return;
      channel.close();
      resolve(data);
    };
    channel.postMessage("read");
  });
}
