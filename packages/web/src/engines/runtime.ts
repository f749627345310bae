/**
 * The seam between the algorithm and whatever computes it. `generate.ts` knows only this;
 * `ort/` implements it with onnxruntime-web, and another engine can stand in its place.
 */

import type { Device } from "../protocol/model-descriptor.ts";

/** An image as the encoder takes it. */
export interface ImageTensor {
  /** RGB planes, 0..1. */
  readonly data: Float32Array; // [3, size, size]
  readonly size: number;
}

/** What the encoder made of an image: plain data, which may be stored and comes back as a part of a prompt. */
export interface ImageFeatures {
  /** Positions that the image takes in the prompt: (size / 64)². */
  readonly tokens: number;
  /** [tokens, hidden]; nobody writes to them. */
  readonly values: Float32Array<ArrayBuffer>;
  /** Features of equal keys are equal. Features without a key are equal to no others. */
  readonly key?: string;
}

/** A stretch of the prompt. */
export type PromptPart =
  | { readonly kind: "tokens"; readonly ids: readonly number[] }
  | { readonly kind: "image"; readonly features: ImageFeatures };

/** What the model expects to follow. Readable until this or another sequence goes on, or this one ends. */
export interface Prediction {
  /** [vocab] */
  readLogits(): Promise<Float32Array>;
  /** The id with the largest logit, the first of several; cheaper than to read all of them. */
  readLikeliest(): Promise<number>;
}

/** One sequence being decoded: owns its KV cache. */
export interface Decoding {
  /** Positions in the KV cache. */
  readonly length: number;
  /**
   * Appends `parts` to the sequence.
   *
   * @returns what follows the last position
   */
  append(parts: readonly PromptPart[]): Promise<Prediction>;
  /** Bytes of the KV cache. */
  readonly bytes: number;
  /** A sequence of its own that begins with the first `length` positions of this one, copied. */
  fork(length: number): Decoding;
  dispose(): void;
}

/** A loaded model on one device. One call at a time; the owner serialises. */
export interface Runtime {
  readonly device: Device;
  /** Positions that a sequence may have. */
  readonly maxPositions: number;
  /** Side of the images that the encoder was made for, in pixels. */
  readonly imageSize: number;
  /** Whether the encoder is right for images of any size that is a multiple of 64 pixels; otherwise of `imageSize` only. */
  readonly isImageSizeFree: boolean;
  /** Numbers of a position of the prompt; undefined until an image was encoded, as the check of a load does. */
  readonly hiddenSize: number | undefined;
  encodeImage(image: ImageTensor): Promise<ImageFeatures>;
  startDecoding(): Decoding;
  /** Frees memory that only waits for the next sequence. */
  trim(): void;
  dispose(): Promise<void>;
}

/** Text to ids and back. */
export interface TextCodec {
  /** Ids of plain text: nothing in it becomes a control token. */
  encode(text: string): number[];
  decode(ids: readonly number[]): string;
  /** Id of a control token such as `<|im_end|>`, or undefined. */
  controlId(token: string): number | undefined;
  /** All control tokens of the vocabulary. */
  readonly controlTokens: readonly string[];
  /** The chat template rendered over `messages`, as text. */
  renderChat(messages: readonly ChatMessage[]): string;
}

/** One turn of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}
