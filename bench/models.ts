/** What the bench has to know of each model that it measures. */

import { FULL_SIZE_MODELS, type FullSizeName } from "./full-size/models.ts";
import type { LoadOptions } from "./page/engine.ts";

export type ModelName = FullSizeName;

type Dtypes = LoadOptions["dtypes"];

interface MeasuredModel {
  readonly title: string;
  /** Sides at which a picture is seen, in pixels, from large to small. */
  readonly sizes: readonly number[];
  /** The same with `--quick`. */
  readonly quickSizes: readonly number[];
  /** Each side is a multiple of it: a token of FastVLM, a tile of SmolVLM. */
  readonly sizeStep: number;
  /** Sides at which calls to a graphics card are counted. */
  readonly countedSizes: readonly number[];
  /** The embedded model of the same family, which is counted where the only GPU is one in software. */
  readonly tiny: { readonly sizes: readonly number[]; readonly layers: number };
  /** transformers.js's names of the files that the kit takes on each device. */
  readonly dtypes: {
    readonly wasm: Dtypes;
    /** A GPU with `shader-f16`. */
    readonly float16: Dtypes;
    readonly webgpu: Dtypes;
    readonly tiny: Dtypes;
  };
}

const fastVlm: MeasuredModel = {
  title: FULL_SIZE_MODELS["fastvlm-0.5b"].title,
  sizes: [1024, 512, 256],
  quickSizes: [256],
  sizeStep: 64,
  countedSizes: [256],
  tiny: { sizes: [256], layers: 3 },
  dtypes: {
    wasm: { vision: "fp32", embed: "int8", decoder: "int8" },
    float16: { vision: "fp16", embed: "fp16", decoder: "q4f16" },
    // transformers.js refuses float16 files there.
    webgpu: { vision: "fp32", embed: "int8", decoder: "q4" },
    tiny: { vision: "fp32", embed: "fp32", decoder: "q4" },
  },
};

const smolVlm = (name: "smolvlm-256m" | "smolvlm-500m"): MeasuredModel => ({
  title: FULL_SIZE_MODELS[name].title,
  // 2 × 2 tiles with the whole picture, and one tile.
  sizes: [1024, 512],
  quickSizes: [512],
  sizeStep: 512,
  countedSizes: [1024, 512],
  tiny: { sizes: [256, 128], layers: 3 },
  dtypes: {
    wasm: { vision: "int8", embed: "int8", decoder: "int8" },
    float16: { vision: "q4f16", embed: "int8", decoder: "q4f16" },
    webgpu: { vision: "q4", embed: "int8", decoder: "q4" },
    tiny: { vision: "q4", embed: "q4", decoder: "q4" },
  },
});

export const MEASURED_MODELS: Readonly<Record<ModelName, MeasuredModel>> = {
  "fastvlm-0.5b": fastVlm,
  "smolvlm-256m": smolVlm("smolvlm-256m"),
  "smolvlm-500m": smolVlm("smolvlm-500m"),
};

export const isSmolVlm = (name: ModelName): boolean => name.startsWith("smolvlm");
