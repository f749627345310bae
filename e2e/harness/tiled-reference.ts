/** The reference for models that see an image as tiles: the same files through transformers.js. */

import {
  AutoModelForImageTextToText,
  AutoProcessor,
  RawImage,
  type Tensor,
} from "@huggingface/transformers";
import type { ChatTurn } from "@fastvlm-kit/web";
import { answerGreedily, takeModelsFrom, type ReferenceAnswer } from "./reference-models.ts";

export interface TiledQuestion {
  readonly prompt: string;
  /** Addresses of images whose longest side is `detail`, so that nobody enlarges them. */
  readonly pictures: readonly string[];
  /** The longest side at which images are seen, in pixels. */
  readonly detail: number;
  readonly history?: readonly ChatTurn[];
}

interface TiledReferenceOptions {
  /** Folder of model folders, with a slash at the end. */
  readonly host: string;
  readonly model: string;
  readonly dtype: "fp32" | "int8";
}

/** What the processor of Idefics3 has, beside what its types say. */
interface Idefics3ImageProcessor {
  size: { longest_edge: number };
}

export async function loadTiled({ host, model, dtype }: TiledReferenceOptions) {
  takeModelsFrom(host);
  const processor = await AutoProcessor.from_pretrained(model, {});
  const loaded = await AutoModelForImageTextToText.from_pretrained(model, {
    device: "wasm",
    dtype: { vision_encoder: dtype, embed_tokens: dtype, decoder_model_merged: dtype },
  });

  return {
    /** Greedy answer to `prompt`, about the pictures if there are any. */
    async answer(
      { prompt, pictures, detail, history = [] }: TiledQuestion,
      maxNewTokens: number,
    ): Promise<ReferenceAnswer> {
      const turns = [...history, { role: "user", content: prompt } as const];
      const messages = turns.map(({ role, content }, at) => ({
        role,
        content: [
          ...(at === 0 ? pictures.map(() => ({ type: "image" as const })) : []),
          { type: "text" as const, text: content },
        ],
      }));
      const text = processor.apply_chat_template(messages, {
        add_generation_prompt: true,
        tokenize: false,
      }) as unknown as string;
      (processor.image_processor as unknown as Idefics3ImageProcessor).size = {
        longest_edge: detail,
      };
      const images = await Promise.all(pictures.map((url) => RawImage.fromURL(url)));
      // The processor throws where there is no picture.
      const inputs = (
        images.length > 0
          ? await processor(text, [images])
          : processor.tokenizer!(text, { add_special_tokens: false })
      ) as { input_ids: Tensor };
      return answerGreedily(processor, loaded, inputs, maxNewTokens);
    },
  };
}
