/**
 * The interface of an engine: everything that inference asks of it. `generate.ts` knows only this interface. `ort/`
 * implements it with onnxruntime-web, and another engine can replace it.
 */

import type { Device } from "../protocol/model-descriptor.ts";

/** An image in the form that the encoder takes. */
export interface ImageTensor {
  /** RGB planes, 0..1. */
  readonly data: Float32Array; // [3, size, size]
  readonly size: number;
}

/** The features of an image. They are plain data, which may be stored, and become a part of a prompt later. */
export interface ImageFeatures {
  /** Positions that the image takes in the prompt: (size / 64)². */
  readonly tokens: number;
  /** [tokens, hidden]. They must not be changed. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Features with equal keys are equal. Features without a key count as different from all others. */
  readonly key?: string;
}

/** A part of the prompt. */
export type PromptPart =
  | { readonly kind: "tokens"; readonly ids: readonly number[] }
  | { readonly kind: "image"; readonly features: ImageFeatures };

/** The logits for the next token. They can be read until this or another sequence continues, or this one is disposed of. */
export interface Prediction {
  /** [vocab] */
  readLogits(): Promise<Float32Array>;
  /** The id with the largest logit (the first one if several are equal). Cheaper than reading all logits. */
  readLikeliest(): Promise<number>;
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

/** A loaded model on one device. It takes one call at a time; its owner has to see to that. */
export interface Runtime {
  readonly device: Device;
  /** The greatest number of positions in a sequence. */
  readonly maxPositions: number;
  /** Side of the images that the encoder was made for, in pixels. */
  readonly imageSize: number;
  /** Whether the encoder is right at any side that is a multiple of 64 pixels. Otherwise it is right at `imageSize` only. */
  readonly isImageSizeFree: boolean;
  /** Numbers of a position of the prompt; undefined until an image was encoded, as the check of a load does. */
  readonly hiddenSize: number | undefined;
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
  /** The id of a control token such as `<|im_end|>`; undefined if there is no such token. */
  controlId(token: string): number | undefined;
  /** All control tokens of the vocabulary. */
  readonly controlTokens: readonly string[];
  /** Renders the chat template with `messages`, as text. */
  renderChat(messages: readonly ChatMessage[]): string;
}

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}
