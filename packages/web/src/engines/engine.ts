/**
 * The interface between the worker and the engines that run a model's files. The worker knows an engine only by these
 * types. `worker.ts` lists the engines.
 */

import type { StartPhase } from "../protocol/errors.ts";
import type { GraphReport } from "../protocol/graph-report.ts";
import type { MetricAttributes } from "../protocol/metric.ts";
import type { Device, GraphName, ModelVariant } from "../protocol/model-descriptor.ts";
import type { DecoderForm } from "../protocol/result.ts";
import type { CheckableRuntime } from "./checkable-runtime.ts";
import type { EncoderOptimizer } from "./encoder-optimizer.ts";
import type { GraphFile } from "./graph-file.ts";
import type { VisionPorts } from "./runtime.ts";

/**
 * The part of an engine that is in the worker's light chunk. It tells what the engine can do. The engine's own code is loaded
 * only by {@link load}.
 */
export interface Engine {
  /** The name of the engine in metrics (`gen_ai.provider.name`). */
  readonly name: string;
  /** The devices on which it can compute. */
  readonly devices: readonly Device[];
  /** Whether it can run these files, as far as their descriptor tells. Called only for variants of its own devices. */
  takes(variant: ModelVariant): boolean;
  /**
   * The name of the code that runs a device in this browser. Another name means other files, which an offline visit then
   * needs too. No two engines have the same name.
   */
  codeName(device: Device): string;
  /** Loads the engine's own code. Files of its runtime may be loaded later, when it is started or a model is created. */
  load(): Promise<EngineCode>;
  /**
   * Turns this worker into a thread of the engine. Only for engines that start the worker's script again as threads.
   *
   * @returns undefined if a worker with this name is no such thread; otherwise a promise that rejects if it cannot be one
   */
  runThread?(workerName: string): Promise<void> | undefined;
}

/** An engine whose code is loaded. */
export interface EngineCode {
  /**
   * Loads the files of its runtime and starts it, without a model.
   *
   * @throws {VlmError} `start-failed`, `out-of-memory`
   */
  start(options: StartOptions): Promise<void>;
  /** Only for engines with threads of their own, which may be slower than one. */
  readonly threads?: {
    /** How many it uses by itself in this worker. */
    byDefault(): number;
    /**
     * Starts the runtime, and measures for a moment how many times as fast its threads are as one.
     *
     * @throws {VlmError} the errors of {@link EngineCode.start}
     */
    time(options: StartOptions): Promise<number>;
  };
  /**
   * Names in one line everything that the device's numbers depend on besides a model's files, such as versions and the GPU.
   * A stored verdict about this device counts as long as this line stays the same.
   */
  describe(options: StartOptions): Promise<string>;
  /**
   * Loads a model.
   *
   * @throws {VlmError} `start-failed`, `session-failed`, `out-of-memory`, `device-lost`, `model-invalid`, and
   *   the errors of `openFile` and its files
   */
  createRuntime(options: RuntimeOptions): Promise<CheckableRuntime>;
  /** Only for engines that can write a vision encoder which this device runs faster. */
  encoderOptimizer?(device: Device): EncoderOptimizer | undefined;
}

export interface StartOptions {
  readonly device: Device;
  /** The number of threads; 0 means as many as the browser and the isolation of the page allow. */
  readonly wasmThreads: number;
  /**
   * Called at the beginning of each phase, and for each part of it that is done: bytes that have come, a thread that is ready.
   *
   * @param url the file that is waited for
   */
  readonly onPhase?: (phase: StartPhase, url?: string) => void;
}

export interface RuntimeOptions extends StartOptions {
  /** Opens the file of one graph. The caller closes it. */
  readonly openFile: (graph: GraphName) => Promise<GraphFile>;
  /** Side of the model's own images, in pixels. A size in the encoder's file counts more. */
  readonly imageSize: number;
  /** What the vision graph's inputs and outputs are called. */
  readonly ports: VisionPorts;
  /** The greatest number of positions in a sequence. */
  readonly maxPositions: number;
  /** The best form to try for the decoder. An engine with only one form ignores this. */
  readonly decoderForm: DecoderForm;
  readonly onDeviceLost: (reason: string) => void;
  /** @param attributes attributes that the engine adds to the metric */
  readonly onGraphLoaded: (
    graph: GraphName,
    milliseconds: number,
    attributes: MetricAttributes,
  ) => void;
  /** Called with the report of which changes were made in a graph. */
  readonly onGraphPrepared: (report: GraphReport) => void;
}
