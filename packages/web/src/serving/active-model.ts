/** A model that answers calls, with its supervisor, its running calls, and the answers that it remembers. */

import { reportCall } from "../metrics/call-metrics.ts";
import { errorTypeOf } from "../metrics/ended-call.ts";
import type { Recorder } from "../metrics/recorder.ts";
import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { ImageInfo, VlmResult } from "../protocol/result.ts";
import { createResultMemory } from "./result-memory.ts";
import { openImage, runCall, type OpenOptions, type RunOptions } from "./run-call.ts";
import type { LoadedWorker, Supervisor } from "./supervisor.ts";

/** As far as a model that serves needs one. */
export type ServingSupervisor = Pick<
  Supervisor,
  "ready" | "replace" | "noteAnswer" | "noteFailure" | "dispose"
>;

export class ActiveModel {
  readonly model: ModelDescriptor;
  readonly supervisor: ServingSupervisor;
  /** The worker that runs the last call. */
  latest: LoadedWorker;
  readonly #recorder: Recorder;
  readonly #memory = createResultMemory(() => performance.now());
  readonly #calls = new Set<Promise<unknown>>();

  /** @param ready the loaded worker of this supervisor */
  constructor(
    model: ModelDescriptor,
    supervisor: ServingSupervisor,
    ready: LoadedWorker,
    recorder: Recorder,
  ) {
    this.model = model;
    this.supervisor = supervisor;
    this.latest = ready;
    this.#recorder = recorder;
  }

  async run(options: RunOptions): Promise<VlmResult> {
    const recalled = this.#memory.recall(options.call, this.latest.model.variant);
    if (recalled) return this.#repeat(recalled, options);
    const result = await this.#track(runCall(this.supervisor, options, this.#noteLoaded));
    this.#memory.remember(options.call, result);
    return result;
  }

  /** Makes an image ready for the calls that follow. */
  open(options: OpenOptions): Promise<ImageInfo> {
    return this.#track(openImage(this.supervisor, options, this.#noteLoaded));
  }

  /** Reports an image that the page refused. The worker reports the images that it refuses itself. */
  noteRefused(error: unknown): void {
    if (!VlmError.is(error) || !error.code.startsWith("image-")) return;
    this.#recorder.record("vlm.image.rejected", 1, { "error.type": error.code });
  }

  /** Reports a call that failed, as OpenTelemetry does: by its duration, with the type of its error. */
  noteFailed(error: unknown, milliseconds: number): void {
    this.#recorder.recordMs("gen_ai.client.operation.duration", milliseconds, {
      "gen_ai.operation.name": "generate_content",
      "error.type": errorTypeOf(error),
    });
  }

  /** Forgets the remembered answers. */
  forget(): void {
    this.#memory.clear();
  }

  /** Waits for the running calls, and then ends the worker. */
  async retire(): Promise<void> {
    await Promise.allSettled(this.#calls);
    await this.supervisor.dispose(
      new DOMException("This model was replaced by another.", "InvalidStateError"),
    );
  }

  readonly #noteLoaded = (loaded: LoadedWorker): void => {
    this.latest = loaded;
  };

  /** Keeps the worker until the call has ended. */
  async #track<T>(call: Promise<T>): Promise<T> {
    this.#calls.add(call);
    try {
      return await call;
    } finally {
      this.#calls.delete(call);
    }
  }

  /** Sends the events and metrics of a call whose answer is remembered. */
  #repeat(result: VlmResult, { onEvent }: RunOptions): VlmResult {
    onEvent({ type: "queued", position: 0 });
    if (result.images.length > 0) onEvent({ type: "image-ready", images: result.images });
    onEvent({ type: "text-delta", text: result.text });
    this.#recorder.record("vlm.result_cache.hits", 1);
    reportCall(this.#recorder, result);
    return result;
  }
}
