/** Which file the vision encoder is made of: the downloaded one, or what this device made of it. */

import type { ModelFiles } from "../download/model-files.ts";
import type { Recorder } from "../metrics/recorder.ts";
import type { GraphFile } from "../engines/ort/graph-file.ts";
import type { OrtRuntime } from "../engines/ort/onnx-runtime.ts";
import { canOptimize, optimizeEncoder } from "../engines/ort/optimize-encoder.ts";
import type { StoredFile } from "../storage/verify-ahead.ts";
import type { LoadRequest } from "../wire/worker-api.ts";
import { findGraph, openGraph } from "./open-graph.ts";

/** Another number where the same source would become another file. */
const INT8_VISION = "int8-vision-2";

export interface EncoderFile {
  /** What `open` will open, as far as it is stored. */
  find(): Promise<StoredFile[]>;
  open(): Promise<GraphFile>;
  /**
   * Decides which encoder runs, where that is open: at the first load.
   *
   * @returns whether it is not the downloaded one
   */
  optimizeAfterLoad(runtime: OrtRuntime): Promise<boolean>;
}

export async function chooseEncoderFile(
  { variant, optimize }: LoadRequest,
  files: ModelFiles,
  recorder: Recorder,
): Promise<EncoderFile> {
  const openSource = (): Promise<GraphFile> => openGraph(files, variant, "vision");
  const findSource = (): Promise<StoredFile[]> => findGraph(files, variant, "vision");
  // A GPU multiplies floats as fast.
  const mayBeWritten = optimize !== "none" && variant.device === "wasm";
  const store = mayBeWritten ? await files.derive(variant.graphs.vision, INT8_VISION) : undefined;
  if (!store) {
    return { find: findSource, open: openSource, optimizeAfterLoad: () => Promise.resolve(false) };
  }
  const isAlways = optimize === "always";
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
      if (!canOptimize(source, isAlways)) decision = "plain";
      return source;
    },
    async optimizeAfterLoad(runtime) {
      if (decision) return decision === "optimized";
      const startedAt = performance.now();
      const onCompared = (likeness: number): void => {
        recorder.record("vlm.encoder.likeness", likeness);
      };
      const options = { runtime, store, openSource, isAlways, onCompared };
      const isOptimized = await optimizeEncoder(options);
      if (isOptimized) {
        recorder.recordMs("vlm.encoder.optimize.duration", performance.now() - startedAt);
      }
      return isOptimized;
    },
  };
}
