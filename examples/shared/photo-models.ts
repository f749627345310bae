/** The models for photos: what a product may ship comes first. */

import { fastvlm05b, smolVlm, type ModelDescriptor } from "@fastvlm-kit/web";

export const PHOTO_MODEL_NAMES = ["smolvlm-256m", "smolvlm-500m", "fastvlm-0.5b"] as const;

export type PhotoModelName = (typeof PHOTO_MODEL_NAMES)[number];

export interface PhotoModel {
  readonly title: string;
  /** Its licence in a few words. */
  readonly license: string;
  /** @param isAccepted whether the user accepted the licence; only FastVLM's needs it */
  readonly describe: (isAccepted: boolean, hub?: HubRevision) => ModelDescriptor;
}

/** Another revision of the model's repository than the one that the kit takes by itself. */
export interface HubRevision {
  readonly revision?: string;
}

const SHIPPABLE = "Apache-2.0: may be used in products";

export const PHOTO_MODELS: Readonly<Record<PhotoModelName, PhotoModel>> = {
  "smolvlm-256m": {
    title: "SmolVLM-256M",
    license: SHIPPABLE,
    describe: (_, hub) => smolVlm({ size: "256M", ...hub }),
  },
  "smolvlm-500m": {
    title: "SmolVLM-500M",
    license: SHIPPABLE,
    describe: (_, hub) => smolVlm({ size: "500M", ...hub }),
  },
  "fastvlm-0.5b": {
    title: "FastVLM-0.5B",
    license: "Apple’s licence: research only",
    describe: (isAccepted, hub) =>
      fastvlm05b({ ...(isAccepted && { acceptLicense: "apple-amlr" as const }), ...hub }),
  },
};

/** What the user is offered first. */
export const FIRST_PHOTO_MODEL = PHOTO_MODEL_NAMES[0];

export function isPhotoModelName(name: string): name is PhotoModelName {
  return PHOTO_MODEL_NAMES.some((known) => known === name);
}
