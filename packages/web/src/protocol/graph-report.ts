/** Reports on how a model's graphs were loaded: which were rewritten, and how. For bug reports and questions of speed. */

import type { RewriteReport } from "@fastvlm-kit/onnx/graph";
import type { Device, GraphName } from "./model-descriptor.ts";

export type { RewriteName, RewriteReport } from "@fastvlm-kit/onnx/graph";

/**
 * How a graph runs. `plain`: as its file has it. `rewritten`: with changes. `captured`: with changes, and with steps that
 * are captured and replayed. `looked-up`: it does not run; its table is read from the file.
 */
export type GraphForm = "plain" | "rewritten" | "captured" | "looked-up";

/** How the kit loaded one graph. */
export interface GraphReport {
  readonly graph: GraphName;
  readonly device: Device;
  readonly form: GraphForm;
  /** The changes that help on this device, in the order in which they are tried. */
  readonly rewrites: readonly RewriteReport[];
  /**
   * What went wrong, if the graph runs in a simpler form than was planned. Either the runtime refused the changed graph,
   * or the kit has a bug. Please report it with the output of `fastvlm-inspect`.
   */
  readonly failures: readonly string[];
  /**
   * Only for the vision encoder. `isFree`: it takes images of any size that the kit chooses. `own`: the side that it was
   * exported for, in pixels. `reason`: why it takes only that size.
   */
  readonly imageSize?: { readonly isFree: boolean; readonly own: number; readonly reason?: string };
}
