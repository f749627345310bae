import type { ImageDecoders } from "../api/image-decoders.ts";
import type { ImageLimits } from "../image/limits.ts";
import type { NetworkUse } from "../wire/worker-api.ts";
import type { SeenAs } from "./reduced-size.ts";

/** What holds for every image that the page takes. */
export interface ImageSettings {
  readonly limits: ImageLimits;
  /** Whether images may be fetched from addresses. */
  readonly network: NetworkUse;
  /** The app's own decoders. */
  readonly decoders: ImageDecoders;
}

/** What holds for the images of one call. */
export interface SnapshotOptions extends ImageSettings {
  readonly seen: SeenAs;
  readonly signal: AbortSignal;
}
