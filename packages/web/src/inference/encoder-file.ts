/** Which file the vision encoder is made of: the downloaded one, or what the engine made of it on this device. */

import type { ModelFiles } from "../download/model-files.ts";
import type { CheckableRuntime } from "../engines/checkable-runtime.ts";
import type { EncoderOptimizer } from "../engines/encoder-optimizer.ts";
import type { GraphFile } from "../engines/graph-file.ts";
import type { Recorder } from "../metrics/recorder.ts";
import type { ImageTensor } from "../engines/runtime.ts";
import type { StoredFile } from "../storage/verify-ahead.ts";
import type { LoadRequest } from "../wire/worker-api.ts";
import { findGraph, openGraph } from "./open-graph.ts";
import { optimizeEncoder } from "./optimize-encoder.ts";

export interface EncoderFile {
  /** The files that `open` will open, as far as they are stored. */
  find(): Promise<StoredFile[]>;
  open(): Promise<GraphFile>;
  /**
   * Decides which encoder runs, if this is not decided yet, which is so at the first load.
   *
   * @param image what encoders are compared by
   * @returns the label of the encoder that runs; undefined for the downloaded one
   */
  optimizeAfterLoad(runtime: CheckableRuntime, image: ImageTensor): Promise<string | undefined>;
}

export interface EncoderFileOptions {
  /** The engine's for this device, where it has one. */
  readonly optimizer: EncoderOptimizer | undefined;
  readonly recorder: Recorder;
}

export async function chooseEncoderFile(
  { variant, optimize }: Pick<LoadRequest, "variant" | "optimize">,
  files: ModelFiles,
  { optimizer, recorder }: EncoderFileOptions,
): Promise<EncoderFile> {
  const openSource = (): Promise<GraphFile> => openGraph(files, variant, "vision");
  const findSource = (): Promise<StoredFile[]> => findGraph(files, variant, "vision");
  const store =
    optimizer && optimize !== "none"
      ? await files.derive(variant.graphs.vision, optimizer.kind)
      : undefined;
  if (!optimizer || !store) {
    return {
      find: findSource,
      open: openSource,
      optimizeAfterLoad: () => Promise.resolve(undefined),
    };
  }
  const isAlways = optimize === "always";
  const { label } = optimizer;
  let decision: "optimized" | "plain" | undefined;
  return {
    async find() {
      const written = await store.find();
      return written ? [written] : findSource();
    },
    async open() {
      const stored = await store.open();
      if (stored === "refused") decision = "plain";
      else if (stored) {
        decision = "optimized";
        return stored;
      }
      const source = await openSource();
      if (!optimizer.plan(source, isAlways)) decision = "plain";
      return source;
    },
    async optimizeAfterLoad(runtime, image) {
      if (decision) return decision === "optimized" ? label : undefined;
      const startedAt = performance.now();
      const onCompared = (likeness: number): void => {
        recorder.record("vlm.encoder.likeness", likeness);
      };
      const options = { runtime, optimizer, store, openSource, isAlways, image, onCompared };
      if (!(await optimizeEncoder(options))) return undefined;
      recorder.recordMs("vlm.encoder.optimize.duration", performance.now() - startedAt);
      return label;
    },
  };
}
