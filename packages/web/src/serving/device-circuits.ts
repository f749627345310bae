/**
 * A circuit breaker for each device. It counts the faults of the device: loads that failed, calls that failed, workers that
 * died. After a few of them the device is left alone for a while. The first load after that time is a trial: it runs the
 * check of the device, and decides whether the device is used again.
 */

import { VlmError, type DeviceAttempt, type VlmErrorCode } from "../protocol/errors.ts";
import type { CircuitChange, CircuitStateName } from "../protocol/circuit.ts";
import type { Device } from "../protocol/model-descriptor.ts";
import { Circuit } from "./circuit.ts";

/**
 * How many faults open a circuit. Chromium offers no adapter after a second crash of its GPU process, and another device
 * can answer. Nothing replaces WASM, so it gets one more chance.
 */
export const FAULTS_UNTIL_OPEN: Readonly<Record<Device, number>> = { webgpu: 2, wasm: 3 };

/**
 * How much has to succeed in a row, loads and calls, before earlier faults are forgotten. Nothing replaces WASM: as soon as it
 * was loaded again and has answered, it is not refused for what came before.
 */
export const SUCCESSES_UNTIL_FORGOTTEN: Readonly<Record<Device, number>> = { webgpu: 20, wasm: 2 };

/** How long a circuit stays open, the first time and after each trial that failed, in milliseconds. */
export const OPEN_MS: readonly number[] = [30_000, 60_000, 120_000, 300_000];

/** What is known about one device. */
export interface CircuitReport {
  readonly state: CircuitStateName;
  /** Faults that were not forgotten. */
  readonly faults: number;
  /** The code of the last fault; undefined if there was none. */
  readonly reason: VlmErrorCode | undefined;
  /** When a trial may come; undefined if the circuit is not open. */
  readonly retryAt: number | undefined;
}

export class DeviceCircuits {
  readonly #circuits: Readonly<Record<Device, Circuit>>;

  /** @param onChange is told of every change of a circuit's state */
  constructor(onChange: (change: CircuitChange) => void) {
    const create = (device: Device): Circuit =>
      new Circuit({
        isFault: isDeviceFault,
        faultsUntilOpen: FAULTS_UNTIL_OPEN[device],
        successesUntilForgotten: SUCCESSES_UNTIL_FORGOTTEN[device],
        openMs: OPEN_MS,
        onChange: (state) => {
          const { reason, retryAt } = this.reportOf(device);
          const retryAfterMs = retryAt === undefined ? undefined : retryAt - Date.now();
          onChange({ device, state, reason, retryAfterMs });
        },
      });
    this.#circuits = { webgpu: create("webgpu"), wasm: create("wasm") };
  }

  /** Loads on a device. If that fails and the device is to blame, this is a fault. Ends a trial, if this is one. */
  load<T>(device: Device, load: () => Promise<T>): Promise<T> {
    return this.#circuits[device].run(load);
  }

  /** Counts a call that was answered. */
  noteSuccess(device: Device): void {
    this.#circuits[device].noteSuccess();
  }

  /** Counts an error of a call, or of a worker that ended, if the device is to blame for it. */
  noteError(device: Device, error: unknown): void {
    this.#circuits[device].noteError(error);
  }

  /** Waits until everything that was noted is counted. */
  async settled(): Promise<void> {
    await Promise.all(Object.values(this.#circuits).map((circuit) => circuit.settled()));
  }

  /** @returns why the device must not be tried now; undefined if it may be */
  whyNot(device: Device): Omit<DeviceAttempt, "device"> | undefined {
    const { retryAt, reason } = this.reportOf(device);
    if (retryAt === undefined || retryAt <= Date.now()) return undefined;
    return {
      reason: "circuit-open",
      message: `${DEVICE_NAMES[device]} failed repeatedly, at last with \`${String(reason)}\`, and is left alone for a while.`,
    };
  }

  reportOf(device: Device): CircuitReport {
    const { state, faults, lastFault, retryAt } = this.#circuits[device];
    return { state, faults, reason: VlmError.is(lastFault) ? lastFault.code : undefined, retryAt };
  }
}

/** Whether the device may be to blame, so that another one may succeed. A failed download, for instance, would only fail again. */
export function isDeviceFault(error: unknown): error is VlmError {
  return (
    VlmError.is(error, "session-failed") ||
    VlmError.is(error, "no-device") ||
    VlmError.is(error, "device-check-failed") ||
    (VlmError.is(error, "start-failed") && isOfOneDevice(error)) ||
    VlmError.is(error, "device-lost") ||
    VlmError.is(error, "out-of-memory") ||
    (VlmError.is(error, "worker-crashed") && error.details.phase !== "start")
  );
}

/**
 * Whether another device may start where this one did not: it has other files of onnxruntime. Where the network was too slow,
 * it would wait as long for its own, and what is wrong with the worker's scripts is wrong for all devices.
 */
function isOfOneDevice({ details: { phase, reason } }: VlmError<"start-failed">): boolean {
  if (reason === "timeout") return phase !== "script" && phase !== "wasm";
  return reason === "error" || reason === "wasm-missing" || reason === "wasm-is-page";
}

const DEVICE_NAMES: Readonly<Record<Device, string>> = { webgpu: "WebGPU", wasm: "WASM" };
