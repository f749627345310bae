/** A runtime without a model: it answers what it is told to, and keeps a record of what it was asked. */

import { argmax } from "../src/generation/sampling.ts";
import { weighToken } from "../src/generation/token-choice.ts";
import type {
  Decoding,
  ImageFeatures,
  Prediction,
  PromptPart,
  Runtime,
  TextCodec,
} from "../src/engines/runtime.ts";

export interface FakeRuntime extends Runtime {
  /** Parts of every `append`, in order. */
  readonly appended: (readonly PromptPart[])[];
  readonly disposedDecodings: number;
}

/** @param answer ids that are the likeliest, one after the other; the last one repeats */
export function createFakeRuntime(answer: readonly number[], maxPositions = 1000): FakeRuntime {
  const appended: (readonly PromptPart[])[] = [];
  let disposedDecodings = 0;
  const startDecoding = (length = 0): Decoding => ({
    length,
    /** A byte a position. */
    get bytes() {
      return this.length;
    },
    append(parts) {
      const logits = new Float32Array(VOCABULARY);
      logits[answer[appended.length] ?? answer.at(-1)!] = 10;
      appended.push(parts);
      for (const part of parts) {
        Object.assign(this, {
          length: this.length + (part.kind === "tokens" ? part.ids.length : part.features.tokens),
        });
      }
      return Promise.resolve(predictionOf(logits));
    },
    fork: startDecoding,
    dispose() {
      disposedDecodings += 1;
    },
  });
  return {
    device: "wasm",
    maxPositions,
    appended,
    get disposedDecodings() {
      return disposedDecodings;
    },
    imageSize: 64,
    isImageSizeFree: true,
    hiddenSize: undefined,
    encodeImage: () => Promise.resolve(fakeFeatures(1)),
    startDecoding: () => startDecoding(),
    trim: () => undefined,
    dispose: () => Promise.resolve(),
  };
}

export function predictionOf(logits: Float32Array): Prediction {
  return {
    readLogits: () => Promise.resolve(logits),
    readLikeliest: () => Promise.resolve(weighToken(logits, argmax(logits))),
  };
}

const VOCABULARY = 257;

/** Ends an answer of {@link byteCodec}. */
export const END_ID = 256;

/** Every byte of UTF-8 is a token. */
export const byteCodec: TextCodec = {
  encode: (text) => Array.from(new TextEncoder().encode(text)),
  decode: (ids) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(ids)),
  bytesOf: (id) => (id < 256 ? Uint8Array.of(id) : undefined),
  controlId: () => undefined,
  controlTokens: [],
  renderChat: (messages) => messages.map(({ text }) => text).join(""),
};

export function fakeFeatures(tokens: number): ImageFeatures {
  return { tokens, values: new Float32Array(tokens) };
}
