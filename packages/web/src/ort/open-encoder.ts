/** The vision encoder's session, and the sizes of pictures that it is right for. */

import { imageSizeOf } from "../onnx/image-size.ts";
import { ifReadable } from "../onnx/understand.ts";
import type { CreatedSession, GraphRewrite } from "./create-session.ts";
import type { Graph } from "./graph-file.ts";
import type { Session } from "./session.ts";
import { input } from "./tensors.ts";

export interface Encoder {
  readonly session: Session;
  /** Side of the pictures that it was made for, in pixels. */
  readonly imageSize: number;
  /** Whether it is right at any size; otherwise at `imageSize` only. */
  readonly isImageSizeFree: boolean;
}

export interface OpenEncoderContext {
  /** @throws {VlmError} `session-failed`, `out-of-memory` */
  readonly create: (graph: Graph, rewrite: GraphRewrite) => Promise<CreatedSession>;
  /** Side of the model's pictures in pixels, for a file that names none. */
  readonly ownSize: number;
}

/** @throws {VlmError} `session-failed`, `out-of-memory` */
export async function openEncoder(
  graph: Graph,
  { create, ownSize }: OpenEncoderContext,
): Promise<Encoder> {
  const { model } = graph;
  const size = model && ifReadable(() => imageSizeOf(model));
  const edit = size?.isFree === true && size.pools > 0 ? size.edit : undefined;
  const { session, isRewritten } = await create(graph, () => edit);
  const [, , height] = input(session, "pixel_values").shape; // [n, 3, h, w]
  return {
    session,
    imageSize: typeof height === "number" ? height : ownSize,
    isImageSizeFree: size?.isFree === true && (edit === undefined || isRewritten),
  };
}
