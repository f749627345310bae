/** Runs one set of files, and returns the features and the greedy answer for each image. */

import { toImageTensor, type ImagePixels } from "../image/tensor/image-tensor.ts";
import { checkImage } from "../generation/check-image.ts";
import { findLoop } from "../generation/find-loop.ts";
import { fillImages, layOutPrompt } from "../generation/prompt.ts";
import type { ImageTensor, Runtime, TextCodec } from "../engines/runtime.ts";
import type { GraphName } from "../protocol/model-descriptor.ts";
import type { EngineCode } from "../engines/engine.ts";
import type { GraphFile } from "../engines/graph-file.ts";
import { answerGreedily, cutPrompt, followAnswer } from "../inference/check-question.ts";
import type { FileSet } from "./file-sets.ts";

/** One of the user's images. */
export interface NamedImage {
  readonly name: string;
  /** Returns its pixels, turned upright. Called once for each set. */
  read(): Promise<ImagePixels>;
}

export interface RunContext {
  /** What the sets run on; on the CPU. */
  readonly engine: EngineCode;
  /** Opens a file of the model's folder. */
  readonly open: (path: string) => Promise<GraphFile>;
  readonly codec: TextCodec;
  readonly endIds: ReadonlySet<number>;
  readonly maxPositions: number;
  /** Side of the square that the encoder sees, in pixels. */
  readonly imageSize: number;
  readonly prompt: string;
  readonly maxNewTokens: number;
  /** The number of threads; 0 lets the runtime choose. */
  readonly threads: number;
  readonly onProgress: (line: string) => void;
}

/** The features and the answer of one set for one image. */
export interface EncodedView {
  readonly features: Float32Array; // [tokens, hidden]
  readonly ids: readonly number[];
  readonly text: string;
  /** Whether the answer repeats itself without end. */
  readonly isLoop: boolean;
}

export interface SetRun {
  readonly set: FileSet;
  /** The results for the user's images, in order. */
  readonly looks: readonly EncodedView[];
  /** The result for the kit's own image, at the size of the check. */
  readonly check: CheckLook;
}

export interface CheckLook {
  readonly features: Float32Array;
  readonly ids: readonly number[];
  /** For each id of the reference: its probability divided by that of the likeliest token. */
  readonly likelihoods: readonly number[];
}

/**
 * @param check the size of the kit's own image, how many tokens are stored, and the reference's, if there is one already
 * @throws {VlmError} what the runtime throws
 */
export async function runSet(
  set: FileSet,
  images: readonly NamedImage[],
  context: RunContext,
  check: { size: number; count: number; followed: readonly number[] | undefined },
): Promise<SetRun> {
  const runtime = await openSet(set, context);
  try {
    const looks: EncodedView[] = [];
    for (const image of images) {
      context.onProgress(`${set.name}: ${image.name}`);
      const { imageSize: size } = context;
      const data = toImageTensor(await image.read(), { size, fit: "pad" });
      looks.push(await look(runtime, { data, size }, context));
    }
    return { set, looks, check: await lookAtCheck(runtime, context, check) };
  } finally {
    await runtime.dispose();
  }
}

export async function openSet(set: FileSet, context: RunContext): Promise<Runtime> {
  context.onProgress(`${set.name}: loads ${Object.values(set.graphs).join(", ")}`);
  return context.engine.createRuntime({
    device: "wasm",
    decoderForm: "captured",
    wasmThreads: context.threads,
    maxPositions: context.maxPositions,
    imageSize: context.imageSize,
    openFile: (graph: GraphName) => context.open(set.graphs[graph]),
    onDeviceLost: () => undefined,
    onGraphLoaded: () => undefined,
    onGraphPrepared: () => undefined,
  });
}

async function look(
  runtime: Runtime,
  image: ImageTensor,
  context: RunContext,
): Promise<EncodedView> {
  const { codec, endIds, maxNewTokens } = context;
  const { features, runs } = await show(runtime, image, context);
  const { ids } = await answerGreedily(runtime, { runs, endIds }, { count: maxNewTokens, kept: 0 });
  return { features, ids, text: codec.decode(ids).trim(), isLoop: findLoop(ids) !== undefined };
}

async function lookAtCheck(
  runtime: Runtime,
  context: RunContext,
  {
    size,
    count,
    followed,
  }: { size: number; count: number; followed: readonly number[] | undefined },
): Promise<CheckLook> {
  const { features, runs } = await show(runtime, checkImage(size), context);
  const question = { runs, endIds: new Set<number>() };
  const { ids } = await answerGreedily(runtime, question, { count, kept: 0 });
  const wanted = followed ?? ids;
  const logits = await followAnswer(runtime, question, wanted.slice(0, -1));
  const likelihoods = wanted.map((id, at) => {
    const most = logits[at]!.reduce((highest, value) => Math.max(highest, value), -Infinity);
    return Math.exp(logits[at]![id]! - most);
  });
  return { features, ids, likelihoods };
}

async function show(runtime: Runtime, image: ImageTensor, { codec, prompt }: RunContext) {
  const features = await runtime.encodeImage(image);
  const pieces = layOutPrompt(codec, { text: prompt, system: undefined }, 1);
  return { features: features.values, runs: cutPrompt(fillImages(pieces, [features])) };
}
