import { VlmError } from "../protocol/errors.ts";
import {
  MODEL_FAMILIES,
  type ModelDescriptor,
  type ModelFamilyName,
} from "../protocol/model-descriptor.ts";

/**
 * The family of a model. Descriptors of older kits name none: they are all of FastVLM.
 *
 * @throws {VlmError} `model-invalid` for any other name
 */
export function familyNameOf({
  family = "fastvlm",
}: Pick<ModelDescriptor, "family">): ModelFamilyName {
  // A descriptor from JSON may lack what its type promises.
  if (MODEL_FAMILIES.includes(family)) return family;
  const known = MODEL_FAMILIES.join("`, `");
  throw new VlmError(
    "model-invalid",
    `The model's descriptor has the family \`${family}\`, which this version of the kit does not know. ` +
      `Use one of \`${known}\`, or a newer kit.`,
    { file: "family", reason: `not one of ${MODEL_FAMILIES.join(", ")}` },
  );
}

/** What `model_type` of a config.json says in files of SmolVLM 1 and 2. */
const SMOLVLM_TYPES: readonly unknown[] = ["idefics3", "smolvlm"];

/** The family of a model whose config.json this is, for files without a descriptor. All others are taken as FastVLM's. */
export function familyNameOfConfig(config: unknown): ModelFamilyName {
  const type =
    typeof config === "object" && config !== null && "model_type" in config && config.model_type;
  return SMOLVLM_TYPES.includes(type) ? "smolvlm" : "fastvlm";
}
