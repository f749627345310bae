/** What a test writes: how the fake worker loads, and what it answers to each request. */

import type { ImageSource } from "../api/image-source.ts";
import type { CaptionPresetName, Device } from "../protocol/model-descriptor.ts";
import type { ChatTurn, ResolvedGenerationOptions } from "../protocol/options.ts";
import type { EndedCall, ImageInfo, VlmResult } from "../protocol/result.ts";
import type { StoredModel } from "../protocol/storage.ts";
import type { SetupReport } from "../wire/worker-api.ts";

/** A request as it reached the fake worker. */
export interface FakeRequest {
  /** The kind of call: a caption by a preset, an answer to a prompt, or one of several options. */
  readonly task: EndedCall["task"];
  readonly prompt: string;
  readonly system: string | undefined;
  readonly history: readonly ChatTurn[];
  /**
   * The images. `createFakeVlm` has the very objects that the app passed; a worker of `createFakeWorker` has what reached it:
   * Blobs, bitmaps, pixels and `data:` addresses.
   */
  readonly images: readonly ImageSource[];
  readonly generation: ResolvedGenerationOptions;
  /** The options of `choose`, `Yes` and `No` of `check`, or the numbers of `score`; undefined for other calls. */
  readonly choices: readonly string[] | undefined;
  /** Aborts when the call was aborted or is over its time. */
  readonly signal: AbortSignal;
}

/**
 * An answer: a text, an error that the call rejects with, or a {@link FakeReply}. For `choose`, `check` and `score` the text is
 * one of the options, of `Yes` and `No`, or of the numbers.
 */
export type FakeAnswer = string | Error | FakeReply;

/** An answer with its course. */
export interface FakeReply {
  /** The whole answer. It is streamed word by word. */
  readonly text?: string;
  /** The pieces of the answer, each of which is one `text-delta`. */
  readonly deltas?: readonly string[];
  /** How long it takes to the first piece, in milliseconds. Default 0. */
  readonly delayMs?: number;
  /** How long it takes from each piece to the next, in milliseconds. Default 0. */
  readonly deltaDelayMs?: number;
  /** What the call rejects with, after the pieces. */
  readonly error?: Error;
  /**
   * What happens after the pieces, in place of a result. `crash`: the worker dies. `device-lost`: the GPU is lost. `never`:
   * nothing more comes, as from a device that stands still.
   */
  readonly end?: "crash" | "device-lost" | "never";
  /** The probability of each option, of calls that choose one. Default: all of it for the option that `text` names. */
  readonly probabilities?: readonly number[];
  /** Other fields of the result, such as `finishReason`, `confidence` or `tokens`. */
  readonly result?: Partial<Omit<VlmResult, "text" | "images" | "probabilities" | "cached">>;
}

/** How a load goes. */
export interface FakeLoad {
  /** How long it takes, in milliseconds. Default 0. */
  readonly delayMs?: number;
  /** The download that `onProgress` is told of. Default: none, as at a later visit. */
  readonly download?: {
    readonly totalBytes: number;
    /** What was stored before. Default 0. */
    readonly cachedBytes?: number;
    /** In how many steps the rest arrives. Default 4. */
    readonly steps?: number;
  };
  /** What the load fails with, after the download. */
  readonly error?: Error;
  /** The device that the model says it runs on. Default: the one that the client asked for. */
  readonly runsOn?: Device;
}

/** One load of a worker. */
export interface FakeLoadRequest {
  readonly device: Device;
  readonly model: string;
  /** How many loads there were before, of all workers of this fake. */
  readonly earlierLoads: number;
}

/** Either a value, or what computes it from the request. */
type Scripted<Input, Output> = Output | ((input: Input) => Output | Promise<Output>);

/** What a fake does. A request without an answer fails with an error that names it, and writes it to the console. */
export interface FakeScript {
  /** Answers to captions, by preset. */
  readonly captions?: Readonly<
    Partial<Record<CaptionPresetName, Scripted<FakeRequest, FakeAnswer>>>
  >;
  /** Answers by prompt: the prompt of `generate` and `ask`, the question of `choose` and `score`, the statement of `check`. */
  readonly prompts?: Readonly<Record<string, Scripted<FakeRequest, FakeAnswer>>>;
  /** The answer to every other request. */
  readonly answer?: Scripted<FakeRequest, FakeAnswer>;
  /** What is found in an image, or the error that it is refused with. Default: 640 × 480 pixels. */
  readonly image?: Scripted<ImageSource, Partial<ImageInfo> | Error>;
  readonly load?: Scripted<FakeLoadRequest, FakeLoad>;
  /** What `health({ deep: true })` finds. Default: nothing is wrong. */
  readonly deviceCheck?: Error;
  /** What `checkSupport` hears of the worker. Default: no problems, and no threads. */
  readonly setup?: Partial<SetupReport>;
  /** The models that a library lists, until they are deleted. Default: none. */
  readonly models?: readonly StoredModel[];
}

/** @returns the value, computed if a function was given */
export async function resolveScripted<Input, Output extends string | object>(
  scripted: Scripted<Input, Output>,
  input: Input,
): Promise<Output> {
  if (typeof scripted !== "function") return scripted;
  const compute = scripted as (input: Input) => Output | Promise<Output>;
  return await compute(input);
}

/**
 * Answers with one after the other; the last one stays.
 *
 * @example
 * const vlm = await createFakeVlm({ answer: inOrder(fakeError("out-of-memory"), "A cat.") });
 */
export function inOrder<
  const Answers extends readonly [FakeAnswer | FakeLoad, ...(FakeAnswer | FakeLoad)[]],
>(...answers: Answers): () => Answers[number] {
  let next = 0;
  return () => answers[Math.min(next++, answers.length - 1)]!;
}
