/** The sides of each family. For the page, which needs no more of a family than this. */

import type { ImageSides } from "../protocol/image-sides.ts";
import type { ModelDescriptor, ModelFamilyName } from "../protocol/model-descriptor.ts";
import { familyNameOf } from "./family-name.ts";
import { FASTVLM_SIDES } from "./fastvlm/sides.ts";
import { smolVlmSides } from "./smolvlm/sides.ts";

type SizedModel = Pick<ModelDescriptor, "family" | "tileSize">;

const SIDES: Readonly<Record<ModelFamilyName, (model: SizedModel) => ImageSides>> = {
  fastvlm: () => FASTVLM_SIDES,
  smolvlm: smolVlmSides,
};

/** @throws {VlmError} `model-invalid` for a name that no family has */
export function imageSidesOf(model: SizedModel): ImageSides {
  return SIDES[familyNameOf(model)](model);
}
