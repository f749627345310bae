/** Whether a model's descriptor can be relied on: its fields by themselves, and its sizes by what its family takes. */

import { VlmError } from "../protocol/errors.ts";
import { describeSides, isSide } from "../protocol/image-sides.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";
import { readManifest } from "../schema/manifest.ts";
import { imageSidesOf } from "./image-sides.ts";

/**
 * The descriptor, copied.
 *
 * @throws {VlmError} `model-invalid`, whose `file` is a file's path or the field that is wrong
 * @throws {TypeError} when it is no descriptor at all
 */
export function readModel(given: unknown): ModelDescriptor {
  const model = readManifest(given);
  const sides = imageSidesOf(model);
  const checkSide = model.selfCheck?.imageSize;
  if (checkSide === undefined || isSide(checkSide, sides)) return model;
  const reason = `imageSize is not ${describeSides(sides)}`;
  throw new VlmError(
    "model-invalid",
    `The model's descriptor is wrong at "selfCheck": ${reason}. Correct it, or make it anew from the model's files.`,
    { file: "selfCheck", reason },
  );
}
