/** The model that answers. Another takes its place only once it is loaded: a failed change costs nothing. */

import { createVlm, type ModelDescriptor, type Vlm, type VlmOptions } from "@fastvlm-kit/web";

export interface LoadedModel {
  readonly vlm: Vlm;
  readonly descriptor: ModelDescriptor;
}

export class ModelSlot {
  #loaded: LoadedModel | undefined;

  get loaded(): LoadedModel | undefined {
    return this.#loaded;
  }

  /** @throws what `createVlm` throws; the model before stays */
  async load(
    descriptor: ModelDescriptor,
    options: Omit<VlmOptions, "worker" | "model">,
  ): Promise<LoadedModel> {
    const vlm = await createVlm({ ...options, worker: createWorker, model: descriptor });
    const before = this.#loaded;
    this.#loaded = { vlm, descriptor };
    await before?.vlm.dispose();
    return this.#loaded;
  }
}

function createWorker(): Worker {
  return new Worker(new URL("./vlm.worker.ts", import.meta.url), { type: "module" });
}
