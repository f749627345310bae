/** Turns a device down if a measured value is too low. The error has the value and the limit. */

import { VlmError } from "../protocol/errors.ts";
import type { Device } from "../protocol/model-descriptor.ts";

export interface Figure {
  readonly device: Device;
  /** The name of the measurement. */
  readonly check: string;
  /** The measured value. NaN is too low for any limit. */
  readonly actual: number;
  readonly atLeast: number;
}

/** @throws {VlmError} `device-check-failed` when the value is below its limit */
export function assertFigure({ device, check, actual, atLeast }: Figure): void {
  if (actual >= atLeast) return;
  throw new VlmError(
    "device-check-failed",
    `The device ${device} computes wrong numbers (${check}: ${actual.toPrecision(4)}, at least ` +
      `${String(atLeast)} expected). Update the browser or the graphics driver, or use another device.`,
    { device, check, actual, limit: atLeast },
  );
}
