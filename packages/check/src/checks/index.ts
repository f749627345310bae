/** All checks, in the order of the report. */

import type { Check, Finding } from "../finding.ts";
import type { Observation } from "../observation.ts";
import { checkCaching, checkCompression, checkFiles } from "./delivery.ts";
import { checkKit, checkProblems, checkReachable } from "./health.ts";
import { checkIsolation, checkSecureContext } from "./isolation.ts";
import { checkModelFiles } from "./model-files.ts";
import { checkOffline } from "./offline.ts";
import { checkContentSecurityPolicy, checkSecurityHeaders } from "./security-headers.ts";

const CHECKS: readonly Check[] = [
  checkReachable,
  checkProblems,
  checkSecureContext,
  checkIsolation,
  checkContentSecurityPolicy,
  checkSecurityHeaders,
  checkFiles,
  checkCompression,
  checkCaching,
  (observed) => (observed.page ? checkModelFiles(observed) : []),
  checkOffline,
  checkKit,
];

/** What all checks find. */
export function judge(observed: Observation): Finding[] {
  return CHECKS.flatMap((check) => check(observed));
}
