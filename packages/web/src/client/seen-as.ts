import { imageSidesOf } from "../families/image-sides.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { ImageView } from "../wire/worker-api.ts";
import type { SeenAs } from "../sources/reduced-size.ts";

/** How large the encoder sees the images of a call at most. The words for `detail` mean at most the model's own size. */
export function seenAs(
  model: Pick<ModelDescriptor, "family" | "tileSize" | "imageSize">,
  { detail, fit }: Partial<Pick<ImageView, "detail" | "fit">>,
): SeenAs {
  const own = model.imageSize ?? imageSidesOf(model).most;
  return { side: typeof detail === "number" ? detail : own, fit };
}
