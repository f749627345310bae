/**
 * The vision encoder as the CPU runs it best: as int8 products, written once from the downloaded file
 * (decisions/2026-11-24-int8-vision-encoder.md). It is taken only when it sees the same as the original.
 */

import {
  ifReadable,
  imageSizeOf,
  planInt8Vision,
  type Int8VisionPlan,
} from "@fastvlm-kit/onnx/graph";
import { checkImage } from "../../generation/check-image.ts";
import { cosine } from "../../generation/cosine.ts";
import { outlineGraph, type GraphFile } from "./graph-file.ts";
import type { OrtRuntime } from "./onnx-runtime.ts";

/** Where the encoder that this device made is kept. */
export interface EncoderStore {
  /** @returns `refused` after `refuse` */
  open(): Promise<GraphFile | "refused" | undefined>;
  /** Takes a file of so many bytes, front to back. */
  write(bytes: number, pieces: Iterable<Uint8Array>): Promise<void>;
  /** There is nothing to be made of this encoder. */
  refuse(): Promise<void>;
}

export interface OptimizeEncoderOptions {
  readonly runtime: OrtRuntime;
  readonly store: EncoderStore;
  /** The file that the runtime's encoder was made of. */
  readonly openSource: () => Promise<GraphFile>;
  /** Also where it gains little. */
  readonly isAlways: boolean;
  /** @param likeness cosine of the features of both, 1 at most */
  readonly onCompared: (likeness: number) => void;
}

/**
 * What the features must have in common with the original's. Rounding costs 0.0002 to 0.001; what a
 * file of unknown weights would suffer from is much larger.
 */
const MIN_LIKENESS = 0.99;

/** Side of the image that is compared, in pixels: sixteen image tokens, where the encoder takes that size. */
const CHECK_SIZE = 256;

/** @param isAlways also where it gains little */
export function canOptimize(file: GraphFile, isAlways: boolean): boolean {
  return planOf(file, isAlways) !== undefined;
}

/**
 * Writes the int8 encoder, compares it with the one that runs, and puts it in its place.
 *
 * @returns whether it runs now; whatever goes wrong, the original does
 */
export async function optimizeEncoder(options: OptimizeEncoderOptions): Promise<boolean> {
  const { runtime, store, onCompared } = options;
  try {
    await writeInt8(options);
    const file = await store.open();
    if (file === undefined || file === "refused") return false;
    const expected = await look(runtime);
    const trial = await runtime.tryEncoder(file);
    const likeness = cosine(expected, await look(runtime));
    onCompared(likeness);
    if (likeness >= MIN_LIKENESS) {
      await trial.keep();
      return true;
    }
    await trial.undo();
    await store.refuse();
  } catch {
    // No room or no memory: the next load tries again.
  }
  return false;
}

async function writeInt8({ store, openSource, isAlways }: OptimizeEncoderOptions): Promise<void> {
  const source = await openSource();
  try {
    const plan = planOf(source, isAlways);
    if (plan) await store.write(plan.bytes, plan.write());
  } finally {
    source.close();
  }
}

function planOf(file: GraphFile, isAlways: boolean): Int8VisionPlan | undefined {
  const { model } = outlineGraph(file, "vision");
  if (!model) return undefined;
  return ifReadable(() => {
    const size = imageSizeOf(model);
    return planInt8Vision(model, {
      ...(size.isFree && { edit: size.edit }),
      ...(isAlways && { minModelWeights: 1 }),
    });
  });
}

async function look(runtime: OrtRuntime): Promise<Float32Array> {
  const size = runtime.isImageSizeFree ? CHECK_SIZE : runtime.imageSize;
  return (await runtime.encodeImage(checkImage(size))).values;
}
