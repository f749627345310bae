/** What became of a model's graphs when they were loaded: for bug reports, and for whoever wonders about speed. */

import type { RewriteReport } from "@fastvlm-kit/onnx/graph";
import type { Device, GraphName } from "./model-descriptor.ts";

export type { RewriteName, RewriteReport } from "@fastvlm-kit/onnx/graph";

/** How a graph runs: as its file has it; changed; changed, with captured steps; or not at all, as a table that is read. */
export type GraphForm = "plain" | "rewritten" | "captured" | "looked-up";

/** What the kit made of one graph. */
export interface GraphReport {
  readonly graph: GraphName;
  readonly device: Device;
  readonly form: GraphForm;
  /** The changes that this device can profit from, in the order in which they are tried. */
  readonly rewrites: readonly RewriteReport[];
  /**
   * What went wrong, where the graph runs in a simpler form than was planned: the runtime refused the changed graph, or the
   * kit made a mistake. Please report it, with the output of `fastvlm-inspect`.
   */
  readonly failures: readonly string[];
  /** Of the vision encoder: the sizes of images that it takes, and why it takes one only. */
  readonly imageSize?: { readonly isFree: boolean; readonly own: number; readonly reason?: string };
}
