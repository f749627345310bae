/** An engine without a model: it says one answer to everything, and keeps a record of what it was asked. */

import type { CheckableRuntime } from "../src/engines/checkable-runtime.ts";
import type { Engine, RuntimeOptions } from "../src/engines/engine.ts";
import type { Decoding, ImageFeatures, ImageTensor, PromptPart } from "../src/engines/runtime.ts";
import { predictionOf } from "./fake-runtime.ts";

export interface FakeEngine extends Engine {
  /** What it was asked for, in order. */
  readonly log: string[];
  /** Parts of every `append`, in order. */
  readonly appended: (readonly PromptPart[])[];
}

export interface FakeEngineOptions {
  readonly name?: string;
  /** What it takes of a model: files with this ending. */
  readonly ending: string;
  /** The ids of its answer, no two alike, and the id that ends an answer. */
  readonly answer: readonly number[];
  readonly vocabulary: number;
  /** Called before parts are appended; what it throws fails the step. */
  readonly onAppend?: () => void;
}

export function createFakeEngine(options: FakeEngineOptions): FakeEngine {
  const { name = "fake", ending, answer, vocabulary } = options;
  const log: string[] = [];
  const appended: (readonly PromptPart[])[] = [];

  /** What follows depends on the last token alone: the answer begins after whatever is not a part of it. */
  const startDecoding = (positions = 0): Decoding => {
    let length = positions;
    return {
      get length() {
        return length;
      },
      bytes: 0,
      append(parts) {
        options.onAppend?.();
        appended.push(parts);
        for (const part of parts)
          length += part.kind === "tokens" ? part.ids.length : part.features.tokens;
        const last = parts.at(-1);
        const id = last?.kind === "tokens" ? last.ids.at(-1) : undefined;
        const logits = new Float32Array(vocabulary);
        logits[answer[answer.indexOf(id ?? -1) + 1] ?? answer.at(-1)!] = 10;
        return Promise.resolve(predictionOf(logits));
      },
      fork: startDecoding,
      dispose: () => undefined,
    };
  };

  /** Opens and closes every file as an engine does that reads them. */
  const createRuntime = async (how: RuntimeOptions): Promise<CheckableRuntime> => {
    for (const graph of ["vision", "embed", "decoder"] as const) {
      const file = await how.openFile(graph);
      log.push(`${graph}: ${new TextDecoder().decode(file.read(0, file.size))}`);
      file.close();
    }
    return {
      device: how.device,
      maxPositions: how.maxPositions,
      imageSize: how.imageSize,
      isImageSizeFree: true,
      hiddenSize: 3,
      encodeImage: (image) => Promise.resolve(encode(image)),
      startDecoding: () => startDecoding(),
      trim: () => undefined,
      dispose: () => Promise.resolve(),
    };
  };

  return {
    name,
    devices: ["wasm"],
    takes: ({ graphs }) => Object.values(graphs).every((path) => path.endsWith(ending)),
    codeName: () => name,
    load: () => {
      log.push("load");
      return Promise.resolve({
        start: () => Promise.resolve(),
        describe: () => Promise.resolve(name),
        createRuntime,
      });
    },
    log,
    appended,
  };
}

/** One token for the whole image: the means of red, green and blue. */
function encode({ data }: ImageTensor): ImageFeatures {
  const plane = data.length / 3;
  const mean = (channel: number): number =>
    data.subarray(channel * plane, (channel + 1) * plane).reduce((sum, one) => sum + one, 0) /
    plane;
  return { tokens: 1, values: Float32Array.of(mean(0), mean(1), mean(2)) };
}
