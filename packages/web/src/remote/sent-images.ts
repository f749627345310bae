/** Makes the images of a call ready for nodes, once for each size, however many nodes get them. */

import type { GenerateCall } from "../wire/worker-api.ts";
import type { EncodeImage, SentImage } from "./encode-image.ts";

export interface SentImages {
  /** @throws what the encoder throws; the signal's reason */
  of(call: GenerateCall, maxSide: number, signal: AbortSignal): Promise<readonly SentImage[]>;
}

export function createSentImages(encode: EncodeImage): SentImages {
  const known = new WeakMap<GenerateCall, Map<number, Promise<readonly SentImage[]>>>();
  return {
    of(call, maxSide, signal) {
      const bySide = known.get(call) ?? new Map<number, Promise<readonly SentImage[]>>();
      known.set(call, bySide);
      const ready =
        bySide.get(maxSide) ??
        Promise.all(call.images.map((image) => encode(image, call, maxSide, signal)));
      bySide.set(maxSide, ready);
      // One that failed is not kept: another node's signal may not have aborted.
      ready.catch(() => bySide.delete(maxSide));
      return ready;
    },
  };
}
