/** What all pages of the reference share: where models come from, and what an answer is. */

import {
  env,
  type AutoModelForImageTextToText,
  type AutoProcessor,
  type Tensor,
} from "@huggingface/transformers";

type Processor = Awaited<ReturnType<typeof AutoProcessor.from_pretrained>>;
type Model = Awaited<ReturnType<typeof AutoModelForImageTextToText.from_pretrained>>;

export interface ReferenceAnswer {
  readonly text: string;
  readonly ids: readonly number[];
}

/** @param host folder of model folders, with a slash at the end */
export function takeModelsFrom(host: string): void {
  env.allowLocalModels = false;
  env.remoteHost = host;
  env.remotePathTemplate = "{model}/";
  env.useBrowserCache = false;
  env.useWasmCache = false;
  // The bundler put ORT's files beside this script; transformers.js would ask a CDN.
  const wasm = env.backends.onnx.wasm as unknown as { wasmPaths: undefined; numThreads?: number };
  wasm.wasmPaths = undefined;
  // On a page's main thread, where transformers.js runs here, ORT's threads never start in WebKit.
  const { userAgent } = navigator;
  if (userAgent.includes("AppleWebKit") && !userAgent.includes("Chrome")) wasm.numThreads = 1;
}

/** The greedy answer to inputs that a processor made. */
export async function answerGreedily(
  processor: Processor,
  model: Model,
  inputs: { readonly input_ids: Tensor },
  maxNewTokens: number,
): Promise<ReferenceAnswer> {
  const output = (await model.generate({
    ...inputs,
    max_new_tokens: maxNewTokens,
    do_sample: false,
  })) as Tensor;
  const promptLength = inputs.input_ids.dims.at(-1)!;
  const ids = (output.tolist() as bigint[][])[0]!.slice(promptLength).map(Number);
  return { text: processor.batch_decode([ids], { skip_special_tokens: true })[0]!.trim(), ids };
}
