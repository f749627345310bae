/** Makes sure that nothing of a model is fetched before the app has accepted its licence in code. */

import { VlmError } from "../protocol/errors.ts";
import type { ModelDescriptor } from "../protocol/model-descriptor.ts";

/** @throws {VlmError} `license-not-accepted` */
export function assertLicense({ id, license }: ModelDescriptor): void {
  if (license.isAccepted) return;
  throw new VlmError(
    "license-not-accepted",
    `The weights of ${id} are under the licence ${license.id}: ${license.summary} Show this to the user, then pass ` +
      `\`acceptLicense: "${license.id}"\`.`,
    { modelId: id, license: license.id },
  );
}
