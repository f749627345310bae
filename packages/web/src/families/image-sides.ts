/** The sides of each family. For the page, which needs no more of a family than this. */

import type { ImageSides } from "../protocol/image-sides.ts";
import type { ModelDescriptor, ModelFamilyName } from "../protocol/model-descriptor.ts";
import { familyNameOf } from "./family-name.ts";
import { FASTVLM_SIDES } from "./fastvlm/sides.ts";

const SIDES: Readonly<Record<ModelFamilyName, ImageSides>> = { fastvlm: FASTVLM_SIDES };

/** @throws {VlmError} `model-invalid` for a name that no family has */
export function imageSidesOf(model: Pick<ModelDescriptor, "family">): ImageSides {
  return SIDES[familyNameOf(model)];
}
