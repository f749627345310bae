/**
 * The interface of an engine: everything that inference asks of it. `generate.ts` knows only this interface. `ort/`
 * implements it with onnxruntime-web, and another engine can replace it.
 */

import type { Device } from "../protocol/model-descriptor.ts";
import type { Floats } from "../protocol/arrays.ts";

/** What the encoder takes in one run: an image, or a tile of one. */
export interface ImageTensor {
  /** Planes of red, green and blue, in the range that the model's family says. */
  readonly data: Float32Array; // [3, size, size]
  /** In pixels. */
  readonly size: number;
}

/** What the vision graph's inputs and outputs are called, and how they are shaped. The model's family says so. */
export interface VisionPorts {
  /** [1, 3, size, size], or [1, 1, 3, size, size] with an axis for tiles. */
  readonly pixels: string;
  readonly hasTileAxis: boolean;
  /** Where the graph asks which pixels count: an input of booleans, shaped as the pixels are without channels. */
  readonly mask?: string;
  /** [..., tokens, hidden] */
  readonly features: string;
}

/** The features of an image, or of a tile of it. They are plain data, which may be stored, and become a part of a prompt later. */
export interface ImageFeatures {
  /** Positions that they take in the prompt. */
  readonly tokens: number;
  /** [tokens, hidden]. They must not be changed. */
  readonly values: Floats;
  /** Features with equal keys are equal. Features without a key count as different from all others. */
  readonly key?: string;
}

/** A part of the prompt. */
export type PromptPart =
  | { readonly kind: "tokens"; readonly ids: readonly number[] }
  | { readonly kind: "image"; readonly features: ImageFeatures };

/** One choice among the logits of a position. */
export interface TokenChoice {
  readonly id: number;
  /** Its share of the softmax of the logits, without temperature and penalties; 0 to 1. */
  readonly probability: number;
  /** Shannon's entropy of that softmax, in nats: 0 where one token has all of it, ln(vocab) where all are equal. */
  readonly entropy: number;
}

/** The logits for the next token. They can be read until this or another sequence continues, or this one is disposed of. */
export interface Prediction {
  /** [vocab] */
  readLogits(): Promise<Float32Array>;
  /** The token with the largest logit (the first one if several are equal). Cheaper than reading all logits. */
  readLikeliest(): Promise<TokenChoice>;
}

/** One sequence that is being decoded. It owns its KV cache. */
export interface Decoding {
  /** Positions in the KV cache. */
  readonly length: number;
  /**
   * Appends `parts` to the sequence.
   *
   * @returns the prediction after the last position
   */
  append(parts: readonly PromptPart[]): Promise<Prediction>;
  /** Bytes of the KV cache. */
  readonly bytes: number;
  /** Returns a new sequence with a copy of the first `length` positions of this one. */
  fork(length: number): Decoding;
  dispose(): void;
}

/** What the GPU was asked for since the model was loaded. */
export interface GpuWork {
  /** Kernels that were started. */
  readonly dispatches: number;
  /** Lists of commands that were handed over. Each has many kernels. */
  readonly submits: number;
  /** Bytes that were read back. Each reading is a wait for the GPU. */
  readonly readBytes: number;
}

/** A loaded model on one device. It takes one call at a time; its owner has to see to that. */
export interface Runtime {
  readonly device: Device;
  /** The greatest number of positions in a sequence. */
  readonly maxPositions: number;
  /** Side of the images that the encoder was made for, in pixels. */
  readonly imageSize: number;
  /** Whether the encoder is right at any side that the model's family allows. Otherwise it is right at `imageSize` only. */
  readonly isImageSizeFree: boolean;
  /** Numbers of a position of the prompt; undefined until an image was encoded, as the check of a load does. */
  readonly hiddenSize: number | undefined;
  /** Grows with each run. Only for engines that count, on a GPU. */
  readonly gpuWork?: GpuWork | undefined;
  encodeImage(image: ImageTensor): Promise<ImageFeatures>;
  startDecoding(): Decoding;
  /** Frees memory that is kept only for the next sequence. */
  trim(): void;
  dispose(): Promise<void>;
}

/** Turns text into ids and back. */
export interface TextCodec {
  /** The ids of plain text. Nothing in the text becomes a control token. */
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
  /** The bytes of UTF-8 that a token stands for, perhaps not whole characters; undefined for a control token. */
  bytesOf(id: number): Uint8Array | undefined;
  /** The id of a control token, such as the one that ends a turn; undefined if there is no such token. */
  controlId(token: string): number | undefined;
  /** All control tokens of the vocabulary. */
  readonly controlTokens: readonly string[];
  /** Writes `messages` as the model's chat template does, up to where the answer begins. */
  renderChat(messages: readonly ChatMessage[]): string;
}

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  /** The number of images, which stand before the text. */
  readonly images: number;
  readonly text: string;
}
