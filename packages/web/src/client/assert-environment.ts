/** Says at once what a browser lacks, in words for users. */

import { VlmError } from "../protocol/errors.ts";
import { listMissing, REQUIREMENT_NAMES } from "../serving/environment.ts";

/** @throws {VlmError} `environment-unsupported` */
export function assertEnvironment(): void {
  const [missing] = listMissing();
  if (missing === undefined) return;
  throw new VlmError(
    "environment-unsupported",
    `This browser has no ${REQUIREMENT_NAMES[missing]}. Update it, or use a recent Chrome, Edge, Firefox or Safari.`,
    { missing },
  );
}
