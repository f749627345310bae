/** Which model the app runs: the embedded one, or one for photos that the user took. */

import { tinyModel } from "@fastvlm-kit/tiny";
import type { ModelDescriptor } from "@fastvlm-kit/web";
import {
  FIRST_PHOTO_MODEL,
  isPhotoModelName,
  PHOTO_MODELS,
  type PhotoModelName,
} from "../shared/photo-models.ts";
import { readSetting, writeSetting } from "./settings.ts";

export type ModelChoice =
  | { readonly kind: "in-use"; readonly name: "tiny" | PhotoModelName }
  /** The user is still to say which model for photos it is. */
  | { readonly kind: "open"; readonly first: PhotoModelName };

/**
 * `?model=photos` offers the models for photos, `?model=fastvlm-0.5b` and the like one of them first, and `?model=tiny`
 * goes back to the embedded one. What was taken is remembered, as the installed app starts without an address.
 */
export function chooseModel(address: string): ModelChoice {
  const asked = new URL(address).searchParams.get("model");
  const name = readSetting("modelInUse");
  if (asked === null || asked === name) return { kind: "in-use", name };
  if (asked === "photos") return { kind: "open", first: FIRST_PHOTO_MODEL };
  if (isPhotoModelName(asked)) return { kind: "open", first: asked };
  takeModel("tiny");
  return { kind: "in-use", name: "tiny" };
}

/** Remembers the model, and that the user accepted its licence. */
export function takeModel(name: "tiny" | PhotoModelName): void {
  writeSetting("modelInUse", name);
}

export function describeModel(name: "tiny" | PhotoModelName): ModelDescriptor {
  return name === "tiny" ? tinyModel() : PHOTO_MODELS[name].describe(true);
}
