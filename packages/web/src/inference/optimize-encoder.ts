/**
 * Puts an encoder that the engine wrote for this device in the place of the downloaded one. It is taken
 * only when it sees the same as the original.
 */

import { checkImage } from "../generation/check-image.ts";
import { cosine } from "../generation/cosine.ts";
import type { CheckableRuntime } from "../engines/checkable-runtime.ts";
import type { EncoderOptimizer } from "../engines/encoder-optimizer.ts";
import type { GraphFile } from "../engines/graph-file.ts";
import type { Runtime } from "../engines/runtime.ts";
import { VlmError } from "../protocol/errors.ts";

/** Stores the encoder that this device made. */
export interface EncoderStore {
  /** Opens the encoder. @returns `refused` after `refuse`; undefined if there is none */
  open(): Promise<GraphFile | "refused" | undefined>;
  /** Stores a file with this number of bytes, from front to back. */
  write(bytes: number, pieces: Iterable<Uint8Array>): Promise<void>;
  /** Records that converting this encoder brings nothing. */
  refuse(): Promise<void>;
}

export interface OptimizeEncoderOptions {
  readonly runtime: CheckableRuntime;
  readonly optimizer: EncoderOptimizer;
  readonly store: EncoderStore;
  /** Opens the file of the runtime's encoder. */
  readonly openSource: () => Promise<GraphFile>;
  /** Also where it gains little. */
  readonly isAlways: boolean;
  /** @param likeness the cosine of the features of both encoders, at most 1 */
  readonly onCompared: (likeness: number) => void;
}

/**
 * What the features must have in common with the original's. Rounding to int8 costs 0.0002 to 0.001; what a
 * file of unknown weights would suffer from is much larger.
 */
const MIN_LIKENESS = 0.99;

/** Side of the image for the comparison, in pixels, if the encoder takes that size: sixteen image tokens. */
const CHECK_SIZE = 256;

/**
 * Writes the encoder, compares it with the one that runs, and puts it in its place.
 *
 * @returns whether it runs now. Where there is no room or no memory the original runs, and the next load tries again
 * @throws what is no such failure: a mistake of the kit is not taken for a slow device
 */
export async function optimizeEncoder(options: OptimizeEncoderOptions): Promise<boolean> {
  const { runtime, store, onCompared } = options;
  try {
    await write(options);
    const file = await store.open();
    if (file === undefined || file === "refused") return false;
    const expected = await look(runtime);
    const trial = await runtime.tryEncoder?.(file);
    if (!trial) return false;
    const likeness = cosine(expected, await look(runtime));
    onCompared(likeness);
    if (likeness >= MIN_LIKENESS) {
      await trial.keep();
      return true;
    }
    await trial.undo();
    await store.refuse();
    return false;
  } catch (error) {
    if (isFailureOfDevice(error)) return false;
    throw error;
  }
}

/** What the kit, the platform's storage and a typed array say where something is missing on this device. */
function isFailureOfDevice(error: unknown): boolean {
  return VlmError.is(error) || error instanceof DOMException || error instanceof RangeError;
}

async function write({
  optimizer,
  store,
  openSource,
  isAlways,
}: OptimizeEncoderOptions): Promise<void> {
  const source = await openSource();
  try {
    const plan = optimizer.plan(source, isAlways);
    if (plan) await store.write(plan.bytes, plan.write());
  } finally {
    source.close();
  }
}

async function look(runtime: Runtime): Promise<Float32Array> {
  const size = runtime.isImageSizeFree ? CHECK_SIZE : runtime.imageSize;
  return (await runtime.encodeImage(checkImage(size))).values;
}
