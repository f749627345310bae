/** Opens the vision encoder, and finds out for which sizes of images it is right. */

import { planEncoder } from "@fastvlm-kit/onnx/graph";
import type { GraphReport } from "../../protocol/graph-report.ts";
import type { Device } from "../../protocol/model-descriptor.ts";
import type { VisionPorts } from "../runtime.ts";
import type { CreatedSession, GraphRewrite } from "./create-session.ts";
import type { Graph } from "./graph-file.ts";
import { planGraph, refusals, undone } from "./graph-plan.ts";
import type { Session } from "./session.ts";
import { input } from "./tensors.ts";

export interface Encoder {
  readonly session: Session;
  /** Side of the images for which it was made, in pixels. */
  readonly imageSize: number;
  /** Whether it is right at any size. Otherwise it is right at `imageSize` only. */
  readonly isImageSizeFree: boolean;
  readonly report: GraphReport;
}

export interface OpenEncoderContext {
  readonly device: Device;
  /** @throws {VlmError} `session-failed`, `out-of-memory` */
  readonly create: (graph: Graph, rewrite: GraphRewrite) => Promise<CreatedSession>;
  readonly ports: VisionPorts;
  /** Side of the model's images in pixels, for a file that does not tell it. */
  readonly ownSize: number;
}

/** @throws {VlmError} `session-failed`, `out-of-memory` */
export async function openEncoder(
  graph: Graph,
  { create, device, ports, ownSize }: OpenEncoderContext,
): Promise<Encoder> {
  const { model } = graph;
  const { plan, failures } = planGraph(() => model && planEncoder(model));
  const { size, edit, rewrites = [] } = plan ?? {};
  const { session, isRewritten, refused } = await create(graph, () => edit);
  const height = input(session, ports.pixels).shape.at(-2); // [..., 3, h, w]
  const imageSize = typeof height === "number" ? height : ownSize;
  const needsChange = size?.isFree === true && size.pools > 0;
  const isImageSizeFree = size?.isFree === true && (!needsChange || isRewritten);
  const reason = size?.isFree === false ? size.reason : "the graph is not understood";
  return {
    session,
    imageSize,
    isImageSizeFree,
    report: {
      graph: "vision",
      device,
      form: isRewritten ? "rewritten" : "plain",
      rewrites: rewrites.map((one) => (isRewritten ? one : undone(one))),
      failures: [...failures, ...refusals(refused)],
      imageSize: { isFree: isImageSizeFree, own: imageSize, ...(!isImageSizeFree && { reason }) },
    },
  };
}
