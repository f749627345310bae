import "./count-gpu.ts";
import {
  AutoModelForImageTextToText,
  AutoProcessor,
  env,
  RawImage,
  TextStreamer,
  type Tensor,
} from "@huggingface/transformers";
import { expose } from "comlink";
import type { ModelName } from "../models.ts";
import type { Answer, LoadOptions } from "./engine.ts";

const HUB_MODELS: Readonly<Record<ModelName, string>> = {
  "fastvlm-0.5b": "onnx-community/FastVLM-0.5B-ONNX",
  "smolvlm-256m": "HuggingFaceTB/SmolVLM-256M-Instruct",
  "smolvlm-500m": "HuggingFaceTB/SmolVLM-500M-Instruct",
};

type Processor = Awaited<ReturnType<typeof AutoProcessor.from_pretrained>>;
type Model = Awaited<ReturnType<typeof AutoModelForImageTextToText.from_pretrained>>;

let processor: Processor;
let model: Model;
let isSmolVlm = false;
let visionMs = 0;

async function load(options: LoadOptions & { readonly host: string }): Promise<void> {
  const { device, dtypes, threads } = options;
  isSmolVlm = options.model !== "fastvlm-0.5b";
  if (options.files !== "hub") {
    env.allowLocalModels = false;
    env.remoteHost = options.host;
    env.remotePathTemplate = "{model}/";
  }
  const { wasm } = env.backends.onnx as { wasm: { numThreads?: number; wasmPaths?: unknown } };
  wasm.numThreads = threads;
  // The bundler put ORT's files beside this script; transformers.js would ask a CDN.
  wasm.wasmPaths = undefined;
  env.useWasmCache = false;

  const name = options.files === "hub" ? HUB_MODELS[options.model] : options.files;
  processor = await AutoProcessor.from_pretrained(name, {});
  Object.assign(processor.image_processor!, sizesOf(options));
  model = await AutoModelForImageTextToText.from_pretrained(name, {
    device,
    dtype: {
      vision_encoder: dtypes.vision,
      embed_tokens: dtypes.embed,
      decoder_model_merged: dtypes.decoder,
    } as never,
  });
  timeVision(model);
}

/** Options of the image processor, so that a picture is seen at the side that the kit sees it at. */
function sizesOf({ imageSize }: LoadOptions) {
  if (isSmolVlm) return { size: { longest_edge: imageSize } };
  return {
    size: { shortest_edge: imageSize },
    crop_size: { height: imageSize, width: imageSize },
  };
}

/** The vision encoder runs inside `generate`: its session tells how long it took. */
function timeVision({ sessions }: Model): void {
  const session = (sessions as Record<string, { run: (...args: unknown[]) => Promise<unknown> }>)[
    "vision_encoder"
  ]!;
  const run = session.run.bind(session);
  session.run = async (...args) => {
    const startedAt = performance.now();
    const outputs = await run(...args);
    visionMs = performance.now() - startedAt;
    return outputs;
  };
}

/** One at a time, in the order asked: generations that interleave would only slow each other down. */
let queue: Promise<unknown> = Promise.resolve();

function ask(
  prompt: string,
  picture: Blob | undefined,
  maxNewTokens: number,
): Promise<Omit<Answer, "totalMs" | "wasRemembered">> {
  const answer = queue.then(() => answerOne(prompt, picture, maxNewTokens));
  queue = answer.catch(() => undefined);
  return answer;
}

async function answerOne(
  prompt: string,
  picture: Blob | undefined,
  maxNewTokens: number,
): Promise<Omit<Answer, "totalMs" | "wasRemembered">> {
  visionMs = 0;
  const startedAt = performance.now();
  const text = renderChat(prompt, picture !== undefined);
  const image = picture && (await RawImage.fromBlob(picture));
  const decodedAt = performance.now();
  const inputs = await prepareInputs(text, image);
  const preprocessedAt = performance.now();

  const tokensAt: number[] = [];
  const streamer = new TextStreamer(processor.tokenizer!, {
    skip_prompt: true,
    callback_function: () => undefined,
    token_callback_function: () => {
      tokensAt.push(performance.now());
    },
  });
  const output = (await model.generate({
    ...inputs,
    max_new_tokens: maxNewTokens,
    do_sample: false,
    streamer,
  })) as Tensor;
  const promptTokens = inputs.input_ids.dims.at(-1)!;
  const ids = (output.tolist() as bigint[][])[0]!.slice(promptTokens).map(Number);
  // The prompt itself may be reported as the first "token".
  const firstTokenAt = tokensAt.at(-ids.length)!;
  return {
    text: processor.batch_decode([ids], { skip_special_tokens: true })[0]!.trim(),
    stages: {
      imageDecode: decodedAt - startedAt,
      preprocess: preprocessedAt - decodedAt,
      vision: visionMs,
      prefill: firstTokenAt - preprocessedAt - visionMs,
      decode: tokensAt.at(-1)! - firstTokenAt,
    },
    promptTokens,
    outputTokens: ids.length,
  };
}

/** SmolVLM's template wants a list of parts. */
function renderChat(prompt: string, hasImage: boolean): string {
  const parts = [...(hasImage ? [{ type: "image" }] : []), { type: "text", text: prompt }];
  const content = isSmolVlm ? parts : `${hasImage ? "<image>" : ""}${prompt}`;
  return processor.apply_chat_template([{ role: "user", content }] as never, {
    add_generation_prompt: true,
    tokenize: false,
  }) as unknown as string;
}

/** The two processors take their arguments in different orders. */
async function prepareInputs(
  text: string,
  image: RawImage | undefined,
): Promise<{ readonly input_ids: Tensor }> {
  const asWritten = { add_special_tokens: false };
  if (!image) return processor.tokenizer!(text, asWritten);
  const inputs: unknown = isSmolVlm
    ? await processor(text, [image])
    : await processor(image, text, asWritten);
  return inputs as { input_ids: Tensor };
}

const reference = { load, ask };
export type Reference = typeof reference;

expose(reference);
