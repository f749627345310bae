/** Decides whether a remote node may answer what the device did not. */

import { VlmError, type VlmErrorCode } from "../protocol/errors.ts";

/**
 * What is wrong with the device, its memory, its files or its queue. What is wrong with the call, its images or its time would
 * be wrong elsewhere too.
 */
const DEVICE_TROUBLE: ReadonlySet<VlmErrorCode> = new Set([
  "environment-unsupported",
  "download-failed",
  "no-device",
  "start-failed",
  "session-failed",
  "device-check-failed",
  "device-lost",
  "out-of-memory",
  "circuit-open",
  "queue-full",
  "worker-crashed",
  "generation-failed",
]);

/** The code of an error that another place may not have; undefined for all others. */
export function whyNotOnDevice(error: unknown): VlmErrorCode | undefined {
  if (!VlmError.is(error) || !DEVICE_TROUBLE.has(error.code)) return undefined;
  const isRate = VlmError.is(error, "queue-full") && error.details.reason === "rate-limit";
  return isRate ? undefined : error.code;
}
