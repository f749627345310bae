/** Stands in for the kit's model library until it is there. */

import { createVlm, type DownloadProgress, type ModelDescriptor } from "@fastvlm-kit/web";
import wasmUrl from "../../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm?url";

export interface OfflineReport {
  readonly isReady: boolean;
  readonly missing: readonly ("files" | "code")[];
  readonly missingBytes: number;
  readonly totalBytes: number;
}

export class DownloadControl {
  isPaused = false;
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
}

const CODE = 14_264_838;

export function createModelLibrary({ worker }: { worker: () => Worker }) {
  const check = async (model: ModelDescriptor): Promise<OfflineReport> => {
    const isReady =
      (await caches.has("fastvlm-kit-code")) && localStorage.getItem("stub-" + model.id) === "1";
    const totalBytes = 4_378_000 + CODE;
    return {
      isReady,
      missing: isReady ? [] : ["files", "code"],
      missingBytes: isReady ? 0 : totalBytes,
      totalBytes,
    };
  };
  return {
    checkOffline: check,
    isOfflineReady: async (model: ModelDescriptor) => (await check(model)).isReady,
    async prepareOffline(
      model: ModelDescriptor,
      options: {
        signal?: AbortSignal;
        control?: DownloadControl;
        onProgress?: (progress: DownloadProgress) => void;
      },
    ): Promise<OfflineReport> {
      const totalBytes = 4_378_000 + CODE;
      const vlm = await createVlm({
        worker,
        model,
        ...(options.signal && { signal: options.signal }),
      });
      await vlm.dispose();
      for (let step = 0; step <= 20; step++) {
        do {
          await new Promise((resolve) => setTimeout(resolve, 40));
          options.signal?.throwIfAborted();
          options.onProgress?.({
            state: options.control?.isPaused ? "paused" : "downloading",
            loadedBytes: (totalBytes * step) / 20,
            totalBytes,
            cachedBytes: 0,
            bytesPerSecond: 2_300_000,
            remainingMs: (20 - step) * 400,
          });
        } while (options.control?.isPaused);
      }
      const cache = await caches.open("fastvlm-kit-code");
      await cache.add(wasmUrl);
      localStorage.setItem("stub-" + model.id, "1");
      return check(model);
    },
    async deleteModel(id: string, revision?: string): Promise<void> {
      localStorage.removeItem("stub-" + id);
      void revision;
      await caches.delete("fastvlm-kit-code");
    },
  };
}
