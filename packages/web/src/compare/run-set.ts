/** Runs one set of files, and returns the features and the greedy answer for each image. */

import type { ImagePixels } from "../image/tensor/resample.ts";
import { findLoop } from "../generation/find-loop.ts";
import { fillImages, layOutPrompt } from "../generation/prompt.ts";
import type { ImageFeatures, ImageTensor, Runtime, TextCodec } from "../engines/runtime.ts";
import type { ImagePiece, ModelSetup } from "../families/family.ts";
import type { GraphName } from "../protocol/model-descriptor.ts";
import type { EngineCode } from "../engines/engine.ts";
import type { GraphFile } from "../engines/graph-file.ts";
import { checkTile } from "../inference/check-tile.ts";
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
  readonly setup: ModelSetup;
  readonly codec: TextCodec;
  readonly endIds: ReadonlySet<number>;
  readonly maxPositions: number;
  /** The side at which images are seen, in pixels. */
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

interface CheckLook {
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
      looks.push(await look(runtime, await image.read(), context));
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
    imageSize: context.setup.images.tileSide(context.imageSize),
    ports: context.setup.ports,
    openFile: (graph: GraphName) => context.open(set.graphs[graph]),
    onDeviceLost: () => undefined,
    onGraphLoaded: () => undefined,
    onGraphPrepared: () => undefined,
  });
}

async function look(
  runtime: Runtime,
  pixels: ImagePixels,
  context: RunContext,
): Promise<EncodedView> {
  const { codec, endIds, imageSize, maxNewTokens } = context;
  const { images } = context.setup;
  const plan = images.plan(pixels, { side: imageSize, fit: images.byDefault.fit });
  const draw = plan.draw(pixels);
  const tiles = plan.tiles.map((_, at) => () => draw(at));
  const { features, runs } = await show(runtime, { tiles, pieces: plan.pieces }, context);
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
  const { image, pieces } = checkTile(context.setup.images, size);
  const { features, runs } = await show(runtime, { tiles: [() => image], pieces }, context);
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

/** Encodes the tiles of one image, one after the other, and puts the question. */
async function show(
  runtime: Runtime,
  image: { tiles: readonly (() => ImageTensor)[]; pieces: readonly ImagePiece[] },
  { codec, prompt, setup }: RunContext,
) {
  const encoded: ImageFeatures[] = [];
  for (const tile of image.tiles) encoded.push(await runtime.encodeImage(tile()));
  const question = { text: prompt, system: undefined };
  const pieces = layOutPrompt(codec, setup.prompt, question, [image.pieces]);
  const features = Float32Array.from(encoded.flatMap(({ values }) => [...values]));
  return { features, runs: cutPrompt(fillImages(pieces, encoded)) };
}
