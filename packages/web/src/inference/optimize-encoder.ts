/**
 * Replaces the downloaded encoder by one that the engine writes for this device. It is used only if its features are close
 * to those of the original.
 */

import { cosine } from "../generation/cosine.ts";
import type { CheckableRuntime } from "../engines/checkable-runtime.ts";
import type { EncoderOptimizer } from "../engines/encoder-optimizer.ts";
import type { GraphFile } from "../engines/graph-file.ts";
import type { ImageTensor, Runtime } from "../engines/runtime.ts";
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
  /** Whether to write also an encoder that gains little. */
  readonly isAlways: boolean;
  /** What both encoders are shown, of a size that they take; several image tokens. */
  readonly image: ImageTensor;
  /** @param likeness the cosine of the features of both encoders, at most 1 */
  readonly onCompared: (likeness: number) => void;
}

/**
 * The least cosine of the features with those of the original. Rounding to int8 lowers it by 0.0002 to 0.001. Faults with
 * unknown weights would lower it much more.
 */
const MIN_LIKENESS = 0.99;

/**
 * Writes the encoder, compares it with the one that runs, and replaces that one.
 *
 * @returns whether the new encoder runs now. If room or memory is short, the original runs, and the next load tries again
 * @throws every other error, so that a bug of the kit is not mistaken for a slow device
 */
export async function optimizeEncoder(options: OptimizeEncoderOptions): Promise<boolean> {
  const { runtime, store, image, onCompared } = options;
  try {
    await write(options);
    const file = await store.open();
    if (file === undefined || file === "refused") return false;
    const expected = await valuesOf(runtime, image);
    const trial = await runtime.tryEncoder?.(file);
    if (!trial) return false;
    const likeness = cosine(expected, await valuesOf(runtime, image));
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

/** Whether an error says that room or memory is short: an error of the kit, of storage, or of a typed array. */
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

async function valuesOf(runtime: Runtime, image: ImageTensor): Promise<Float32Array> {
  return (await runtime.encodeImage(image)).values;
}
