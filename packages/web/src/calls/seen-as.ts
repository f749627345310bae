import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import type { ImageView } from "../wire/worker-api.ts";
import type { SeenAs } from "../sources/reduced-size.ts";

/** How large the encoder sees the images of a call at most. The words for `detail` mean at most the model's own size. */
export function seenAs(
  model: Pick<ModelDescriptor, "imageSize">,
  { detail, fit }: Partial<Pick<ImageView, "detail" | "fit">>,
): SeenAs {
  return { side: typeof detail === "number" ? detail : model.imageSize, fit };
}
