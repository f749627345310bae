/** Finds the family that a model's descriptor names. For the worker: it brings the code of all families. */

import type { ModelDescriptor, ModelFamilyName } from "../protocol/model-descriptor.ts";
import { familyNameOf } from "./family-name.ts";
import type { ModelFamily } from "./family.ts";
import { FASTVLM } from "./fastvlm/fastvlm.ts";
import { SMOLVLM } from "./smolvlm/smolvlm.ts";

const FAMILIES: Readonly<Record<ModelFamilyName, ModelFamily>> = {
  fastvlm: FASTVLM,
  smolvlm: SMOLVLM,
};

/** @throws {VlmError} `model-invalid` for a name that no family has */
export function familyOf(model: Pick<ModelDescriptor, "family">): ModelFamily {
  return FAMILIES[familyNameOf(model)];
}
