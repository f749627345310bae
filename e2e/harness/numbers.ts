/** The numbers that graphs give in this browser, beneath the SDK: from the runtime that its worker uses. */

import type { GraphName } from "@fastvlm-kit/web";
// Not part of the published packages: types of the runtime itself.
import type { GraphPreparation } from "../../packages/web/src/engines/ort/onnx-runtime.ts";
import type { TokenChoice } from "../../packages/web/src/engines/runtime.ts";
import type { PromptPiece } from "../../packages/web/src/generation/prompt.ts";
import type { KitQuestion } from "../../packages/web/test/exported-idefics3-questions.ts";

export interface NumbersRequest {
  readonly device: "webgpu" | "wasm";
  /** Which of the exporters' models the graphs are of. */
  readonly model: "fastvlm" | "idefics3";
  /** The address of each graph. */
  readonly graphs: Readonly<Record<GraphName, string>>;
  /** The pictures to encode, by side for FastVLM and by index for tiles, and which features to tell: every nth. */
  readonly pictures: readonly { readonly picture: number; readonly stride: number }[];
  /** Ids of calls, one after the other on one sequence. */
  readonly steps: readonly (readonly number[])[];
  /** Ids of calls on another sequence that begins with the first step. */
  readonly fork: readonly (readonly number[])[];
  /** Which logits to tell. */
  readonly logitStride: number;
  /** Prompts to answer greedily, with the kit's own pixels; of Idefics3 only. */
  readonly questions?: readonly AskedQuestion[];
}

/** A question with the prompt that the kit lays out for it. */
export interface AskedQuestion extends Pick<KitQuestion, "images" | "detail"> {
  readonly pieces: readonly PromptPiece[];
  /** The greatest length of the answer, in tokens. */
  readonly most: number;
  readonly endIds: readonly number[];
}

export interface SeenCall {
  readonly values: readonly number[];
  readonly likeliest: number;
  /** The likeliest token as the device weighs it, and as the CPU does from the same logits. */
  readonly choice: TokenChoice;
  readonly weighed: TokenChoice;
  /** How often the call waited for the GPU until the likeliest id was known. */
  readonly waits: number;
}

export interface SeenNumbers {
  readonly prepared: Readonly<Partial<Record<GraphName, GraphPreparation>>>;
  readonly features: readonly { readonly tokens: number; readonly values: readonly number[] }[];
  readonly steps: readonly SeenCall[];
  readonly fork: readonly SeenCall[];
  /** The ids of each answer, with the one that ended it. */
  readonly answers: readonly (readonly number[])[];
}

/** @param fault `wide-subgroups` for steps that are captured */
export function readNumbers(request: NumbersRequest, fault = "none"): Promise<SeenNumbers> {
  const worker = new Worker(new URL("./numbers.worker.ts", import.meta.url), {
    type: "module",
    name: fault,
  });
  return new Promise<SeenNumbers>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<SeenNumbers | { readonly error: string }>) => {
      if ("error" in data) reject(new Error(data.error));
      else resolve(data);
    };
    worker.onerror = ({ message }) => {
      reject(new Error(message));
    };
    worker.postMessage(request);
  }).finally(() => {
    worker.terminate();
  });
}
