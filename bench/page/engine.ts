/** What both pages put on `window.engine`: the same few calls, so that every row measures both alike. */

import type { FullSizeName } from "../full-size/models.ts";
import type { GpuCounts } from "./gpu-counts.ts";

export type Device = "wasm" | "webgpu";

/** Whose spelling of the graphs the files have, where the bench wrote them. */
export type Form = "own" | "exporter";

/** Which files, and how to run them. */
export interface LoadOptions {
  readonly model: FullSizeName;
  /** `tiny` is the embedded model of the family; `hub` the public repository; `full-size` what the bench's server has. */
  readonly files: "full-size" | "tiny" | "hub";
  readonly form: Form;
  readonly device: Device;
  /** Side at which a picture is seen, in pixels: the encoder's square, or the longest side before it is cut into tiles. */
  readonly imageSize: number;
  readonly threads: number;
  /** Counts the worker's calls to WebGPU. */
  readonly countsGpu: boolean;
  /** The kit writes no file of its own; for comparing answers. */
  readonly runsFilesAsTheyAre?: boolean;
  /** transformers.js's name of each graph's precision; the kit chooses its own. */
  readonly dtypes: Readonly<Record<"vision" | "embed" | "decoder", string>>;
}

export interface LoadReport {
  /** In the page, from nothing to ready: the worker's start included. */
  readonly totalMs: number;
  /** The precision that runs, as the engine names it. */
  readonly variant: string;
  /** What the engine says about its parts, in milliseconds. */
  readonly stages: Readonly<Record<string, number>>;
}

/** A picture that any page can draw again. */
export interface PictureRequest {
  readonly seed: number;
  /** Side in pixels. */
  readonly size: number;
}

export interface Question {
  readonly prompt: string;
  readonly picture?: PictureRequest;
  readonly maxNewTokens: number;
  /** Keep the answer and give it back when the same is asked again, where the engine can. */
  readonly remembers?: boolean;
  /** Keep the picture open for a second question, where the engine can. */
  readonly keepsOpen?: boolean;
}

export interface Answer {
  readonly text: string;
  /** In the page, from the call to the whole answer. */
  readonly totalMs: number;
  readonly wasRemembered: boolean;
  readonly stages: Stages;
  /** Positions of the prompt, the picture's included. */
  readonly promptTokens: number;
  readonly outputTokens: number;
}

/** Inside the worker, in milliseconds. */
export interface Stages {
  readonly imageDecode: number;
  readonly preprocess: number;
  readonly vision: number;
  readonly prefill: number;
  /** All tokens after the first. */
  readonly decode: number;
}

export interface Engine {
  load(options: LoadOptions): Promise<LoadReport>;
  ask(question: Question): Promise<Answer>;
  /** Asks the same from many places at once; each caller's wait. */
  askAtOnce(
    question: Question,
    callers: number,
  ): Promise<{ readonly totalMs: number; readonly waitsMs: number[] }>;
  /** Calls to WebGPU since the worker began. */
  gpuCounts(): Promise<GpuCounts>;
  /** The longest task of the page's main thread since this was last asked; 0 when none took 50 ms. */
  takeLongestTaskMs(): number;
  dispose(): Promise<void>;
}

declare global {
  interface Window {
    engine: Engine;
  }
}
