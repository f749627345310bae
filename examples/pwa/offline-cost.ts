/** What is still to be fetched before the app needs no network, and what it takes in all. */

import type { Device, OfflineReport } from "@fastvlm-kit/web";

/** In bytes. */
export interface OfflineCost {
  readonly missingModel: number;
  readonly missingCode: number;
  readonly missing: number;
  readonly total: number;
}

/** @param runtimeBytes of the runtime for each device, as the app's build has it */
export function offlineCost(
  { storedBytes, totalBytes, missing, devices }: OfflineReport,
  runtimeBytes: Readonly<Record<Device, number>>,
): OfflineCost {
  const code = devices.reduce((sum, device) => sum + runtimeBytes[device], 0);
  const missingModel = Math.max(0, totalBytes - storedBytes);
  const missingCode = missing.includes("code") ? code : 0;
  return {
    missingModel,
    missingCode,
    missing: missingModel + missingCode,
    total: totalBytes + code,
  };
}
