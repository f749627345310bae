/**
 * The seam between the worker and whatever runs a model's files. The worker knows engines by these types
 * alone; `worker.ts` says which engines there are.
 */

import type { StartPhase } from "../protocol/errors.ts";
import type { GraphReport } from "../protocol/graph-report.ts";
import type { MetricAttributes } from "../protocol/metric.ts";
import type { Device, GraphName, ModelVariant } from "../protocol/model-descriptor.ts";
import type { DecoderForm } from "../protocol/result.ts";
import type { CheckableRuntime } from "./checkable-runtime.ts";
import type { EncoderOptimizer } from "./encoder-optimizer.ts";
import type { GraphFile } from "./graph-file.ts";

/**
 * What the worker knows of an engine before it needs it. This part belongs to the worker's light chunk:
 * it decides, and loads nothing but what {@link load} brings.
 */
export interface Engine {
  /** Names the engine in metrics (`gen_ai.provider.name`). */
  readonly name: string;
  /** The devices that it can compute on. */
  readonly devices: readonly Device[];
  /** Whether it can run these files, as far as their descriptor tells; asked for its devices only. */
  takes(variant: ModelVariant): boolean;
  /**
   * Names the code that runs a device in this browser. Code of another name is other files, which an offline
   * visit then needs too. No two engines share a name.
   */
  codeName(device: Device): string;
  /** Loads the engine's own code. Its runtime's files may wait until something is started or created. */
  load(): Promise<EngineCode>;
  /**
   * For engines that start the worker's script again as threads of theirs.
   *
   * @returns undefined where a worker of this name is no such thread; else what rejects where it cannot be one
   */
  runThread?(workerName: string): Promise<void> | undefined;
}

/** What an engine does when its code is there. */
export interface EngineCode {
  /**
   * Loads the files of its runtime and starts it, without a model.
   *
   * @throws {VlmError} `start-failed`, `out-of-memory`
   */
  start(options: StartOptions): Promise<void>;
  /**
   * All that the numbers of a device depend on besides a model's files: versions, the GPU. In one line;
   * verdicts on this device hold as long as it stays the same.
   */
  describe(options: StartOptions): Promise<string>;
  /**
   * Loads a model.
   *
   * @throws {VlmError} `start-failed`, `session-failed`, `out-of-memory`, `device-lost`, `model-invalid`, and
   *   what `openFile` and its files throw
   */
  createRuntime(options: RuntimeOptions): Promise<CheckableRuntime>;
  /** Only for engines that can write a vision encoder that this device runs faster. */
  encoderOptimizer?(device: Device): EncoderOptimizer | undefined;
}

export interface StartOptions {
  readonly device: Device;
  /** The number of threads; 0 means as many as the browser and the isolation of the page allow. */
  readonly wasmThreads: number;
  /** Called at the beginning of each phase, and for each thread that is ready. */
  readonly onPhase?: (phase: StartPhase) => void;
}

export interface RuntimeOptions extends StartOptions {
  /** Opens one graph's file; whoever asks for it closes it. */
  readonly openFile: (graph: GraphName) => Promise<GraphFile>;
  /** Side of the model's own images, in pixels. A size in the encoder's file counts more. */
  readonly imageSize: number;
  /** Positions that a sequence may have. */
  readonly maxPositions: number;
  /** The most that is done to make the decoder faster. An engine that runs it in one way only ignores this. */
  readonly decoderForm: DecoderForm;
  readonly onDeviceLost: (reason: string) => void;
  /** @param attributes what the engine adds to the metric */
  readonly onGraphLoaded: (
    graph: GraphName,
    milliseconds: number,
    attributes: MetricAttributes,
  ) => void;
  /** Says what was changed in a graph, and what was not. */
  readonly onGraphPrepared: (report: GraphReport) => void;
}
