/** The model, loaded when the first picture needs it, and again after a load that failed. */

import {
  createVlm,
  type CaptionOutcome,
  type DownloadProgress,
  type ManyImages,
  type ModelDescriptor,
  type Vlm,
  type VlmEvent,
} from "@fastvlm-kit/web";
import { createWorker, isReadyOffline } from "./offline.ts";

// A model for photos on a CPU takes longer than the kit's half a minute, and there is a Stop button.
const TIMEOUT_MS = 300_000;

export interface CaptionerOptions {
  readonly onProgress: (progress: DownloadProgress) => void;
  readonly onEvent: (event: VlmEvent) => void;
}

export class Captioner {
  readonly #options: CaptionerOptions;
  #model: ModelDescriptor | undefined;
  #vlm: Promise<Vlm> | undefined;

  /** @param model undefined while the user has not chosen: nothing is loaded before that */
  constructor(model: ModelDescriptor | undefined, options: CaptionerOptions) {
    this.#model = model;
    this.#options = options;
  }

  replaceModel(model: ModelDescriptor): void {
    this.#model = model;
    this.#vlm = undefined;
  }

  /** @throws what `createVlm` throws, or an `Error` while there is no model; the next call tries again */
  async load(): Promise<Vlm> {
    const loading = (this.#vlm ??= this.#create());
    try {
      return await loading;
    } catch (error) {
      if (this.#vlm === loading) this.#vlm = undefined;
      throw error;
    }
  }

  /** Captions pictures, and gives what became of each as soon as it is known. */
  async *captionMany(images: ManyImages, signal: AbortSignal): AsyncGenerator<CaptionOutcome> {
    const vlm = await this.load();
    yield* vlm.captionMany(images, { order: "done", timeoutMs: TIMEOUT_MS, signal });
  }

  async #create(): Promise<Vlm> {
    const model = this.#model;
    if (!model) throw new Error("Pictures wait until you choose a model.");
    // Once everything is here the kit is told to ask nobody for anything: what "offline" promises
    // then holds with a network, too.
    const isReady = await isReadyOffline(model);
    return createVlm({
      ...this.#options,
      worker: createWorker,
      model,
      ...(isReady && { network: "none" as const }),
    });
  }
}
