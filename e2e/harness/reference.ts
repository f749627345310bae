/** The reference: the same files through transformers.js, on `window.reference`. */

import {
  AutoModelForImageTextToText,
  AutoProcessor,
  RawImage,
  type Tensor,
} from "@huggingface/transformers";
import { answerGreedily, takeModelsFrom, type ReferenceAnswer } from "./reference-models.ts";
import { loadTiled } from "./tiled-reference.ts";

/** Of a picture of 256 × 256 pixels. */
const IMAGE_TOKENS = 16;

/** One for all graphs, as the embedded model has them, or one for each. */
export type ReferenceDtype =
  | "fp32"
  | "int8"
  | "q4"
  | Readonly<
      Record<
        "vision_encoder" | "embed_tokens" | "decoder_model_merged",
        "fp32" | "fp16" | "int8" | "q4"
      >
    >;

interface ReferenceOptions {
  /** Folder of model folders, with a slash at the end. */
  readonly host: string;
  readonly model: string;
  readonly dtype: ReferenceDtype;
}

function ofEachGraph(dtype: "fp32" | "int8" | "q4"): Exclude<ReferenceDtype, string> {
  const notDecoder = dtype === "q4" ? "fp32" : dtype;
  return { vision_encoder: notDecoder, embed_tokens: notDecoder, decoder_model_merged: dtype };
}

async function load({ host, model, dtype }: ReferenceOptions) {
  takeModelsFrom(host);
  const processor = await AutoProcessor.from_pretrained(model, {});
  const loaded = await AutoModelForImageTextToText.from_pretrained(model, {
    device: "wasm",
    dtype: typeof dtype === "string" ? ofEachGraph(dtype) : dtype,
  });

  return {
    /** Greedy answer to `prompt`, about the pictures if there are any. */
    async answer(
      prompt: string,
      pictures: readonly string[],
      maxNewTokens: number,
    ): Promise<ReferenceAnswer> {
      const content = `${"<image>".repeat(pictures.length)}${prompt}`;
      const text = processor.apply_chat_template([{ role: "user", content }], {
        add_generation_prompt: true,
        tokenize: false,
      }) as unknown as string;
      const images = await Promise.all(pictures.map((url) => RawImage.fromURL(url)));
      // LlavaProcessor expands only the first `<image>`: with several pictures this page does it.
      const expanded =
        images.length > 1 ? text.replaceAll("<image>", "<image>".repeat(IMAGE_TOKENS)) : text;
      const inputs = (
        images.length === 1
          ? await processor(images[0], expanded, { add_special_tokens: false })
          : {
              ...processor.tokenizer!(expanded, { add_special_tokens: false }),
              ...(images.length > 1 && (await processor.image_processor!(images))),
            }
      ) as { input_ids: Tensor };
      return answerGreedily(processor, loaded, inputs, maxNewTokens);
    },
  };
}

const reference = { load, loadTiled };

declare global {
  interface Window {
    reference: typeof reference;
  }
}

window.reference = reference;
