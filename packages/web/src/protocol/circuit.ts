/** The circuit breaker of a device, as events and `health()` show it. */

import type { VlmErrorCode } from "./errors.ts";
import type { Device } from "./model-descriptor.ts";

/**
 * `closed`: the device is used. `open`: it failed repeatedly and is not tried for a while. `half-open`: it is being tried
 * again, and the result decides.
 */
export type CircuitStateName = "closed" | "open" | "half-open";

/** The circuit breaker of a device went into another state. */
export interface CircuitChange {
  readonly device: Device;
  readonly state: CircuitStateName;
  /** The code of the last fault that counts; undefined when the circuit has closed. */
  readonly reason: VlmErrorCode | undefined;
  /** When the device may be tried again, in milliseconds from now; undefined unless the circuit is open. */
  readonly retryAfterMs: number | undefined;
}
