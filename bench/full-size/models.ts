/** The models that are written at their exact size, and which of their files each use needs. */

import {
  modelSizes,
  type Dtype,
  type Form,
  type GraphKind,
  type ModelSize,
} from "../../packages/onnx/src/index.ts";
import { repositoryPath } from "../../tools/run.ts";
import { fastVlmTextFiles } from "./fastvlm-text-files.ts";
import { FIRST_CONTROL_ID } from "./fastvlm-tokenizer.ts";
import { smolVlmTextFiles } from "./smolvlm-text-files.ts";
import { FIRST_IMAGE_CONTROL_ID } from "./smolvlm-tokenizer.ts";

/** A graph in one precision. */
type GraphFile = readonly [kind: GraphKind, dtype: Dtype];

/** What a set of files is for; `all` is everything that the rows of the bench compare. */
export const SETS = { wasm: "wasm", webgpu: "webgpu", all: "all" } as const;
export type SetName = keyof typeof SETS;

interface FullSizeModel {
  readonly title: string;
  readonly size: ModelSize;
  /** Content of the JSON files by name. */
  readonly textFiles: () => Readonly<Record<string, unknown>>;
  readonly sets: Readonly<Record<SetName, readonly GraphFile[]>>;
  /** The matrix that makes the logits, and the first id whose logit is kept small. */
  readonly silent: { readonly table: string; readonly firstId: number };
}

const fastVlm: FullSizeModel = {
  title: "FastVLM-0.5B",
  size: modelSizes["0.5b"],
  textFiles: fastVlmTextFiles,
  silent: { table: "model.embed_tokens.weight", firstId: FIRST_CONTROL_ID },
  sets: {
    wasm: [
      ["vision", "fp32"],
      ["vision", "int8"],
      ["embed", "int8"],
      ["decoder", "int8"],
    ],
    webgpu: [
      ["vision", "fp32"],
      ["vision", "fp16"],
      ["embed", "fp16"],
      // For transformers.js on a GPU without `shader-f16`, where it refuses fp16 files.
      ["embed", "int8"],
      ["decoder", "q4"],
      ["decoder", "q4f16"],
    ],
    all: [
      ["vision", "fp32"],
      ["vision", "int8"],
      ["embed", "int8"],
      ["embed", "fp16"],
      ["decoder", "int8"],
      ["decoder", "q4"],
    ],
  },
};

function smolVlm(name: "smolvlm-256m" | "smolvlm-500m", title: string): FullSizeModel {
  const size = modelSizes[name];
  const wasm = [
    ["vision", "int8"],
    ["embed", "int8"],
    ["decoder", "int8"],
  ] as const;
  const webgpu = [
    ["vision", "q4"],
    ["vision", "q4f16"],
    ["embed", "int8"],
    ["decoder", "q4"],
    ["decoder", "q4f16"],
  ] as const;
  return {
    title,
    size,
    textFiles: () => smolVlmTextFiles(size),
    silent: { table: "lm_head.weight", firstId: FIRST_IMAGE_CONTROL_ID },
    sets: { wasm, webgpu, all: [["vision", "fp32"], ...wasm, ...webgpu] },
  };
}

/** By the name that the command line takes. */
export const FULL_SIZE_MODELS = {
  "fastvlm-0.5b": fastVlm,
  "smolvlm-256m": smolVlm("smolvlm-256m", "SmolVLM-256M"),
  "smolvlm-500m": smolVlm("smolvlm-500m", "SmolVLM-500M"),
} as const satisfies Readonly<Record<string, FullSizeModel>>;

export type FullSizeName = keyof typeof FULL_SIZE_MODELS;

/** Where the files of a model go, with a slash at the end: git ignores it. */
export function fullSizeFolder(form: Form, name: FullSizeName = "fastvlm-0.5b"): string {
  const model = name === "fastvlm-0.5b" ? "" : `-${name}`;
  return repositoryPath(`.cache/full-size${model}${form === "own" ? "" : "-exporter"}/`);
}
