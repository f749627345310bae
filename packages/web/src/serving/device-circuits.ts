/**
 * A circuit breaker for each device. It counts the faults of the device: loads that failed, calls that failed, workers that
 * died. After a few of them the device is left alone for a while. The first load after that time is a trial: it runs the
 * check of the device, and decides whether the device is used again.
 */

import { circuitBreaker, CircuitState, handleWhen, IterableBackoff } from "cockatiel";
import type { CircuitBreakerPolicy, IBreaker } from "cockatiel";
import { VlmError, type DeviceAttempt, type VlmErrorCode } from "../protocol/errors.ts";
import type { CircuitChange, CircuitStateName } from "../protocol/circuit.ts";
import type { Device } from "../protocol/model-descriptor.ts";

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

interface Circuit {
  readonly policy: CircuitBreakerPolicy;
  readonly faults: FaultCounter;
  /** How often it opened since it was last closed. */
  openings: number;
  retryAt: number | undefined;
}

export class DeviceCircuits {
  readonly #circuits: Readonly<Record<Device, Circuit>>;
  #counted: Promise<unknown> = Promise.resolve();

  /** @param onChange is told of every change of a circuit's state */
  constructor(onChange: (change: CircuitChange) => void) {
    const create = (device: Device): Circuit => {
      const faults = new FaultCounter(FAULTS_UNTIL_OPEN[device], SUCCESSES_UNTIL_FORGOTTEN[device]);
      const policy = circuitBreaker(handleWhen(isDeviceFault), {
        halfOpenAfter: new IterableBackoff(OPEN_MS),
        breaker: faults,
      });
      const circuit: Circuit = { policy, faults, openings: 0, retryAt: undefined };
      policy.onStateChange((state) => {
        noteState(circuit, state);
        const { reason, retryAt } = reportOf(circuit);
        const retryAfterMs = retryAt === undefined ? undefined : retryAt - Date.now();
        onChange({ device, state: STATE_NAMES[state], reason, retryAfterMs });
      });
      return circuit;
    };
    this.#circuits = { webgpu: create("webgpu"), wasm: create("wasm") };
  }

  /** Loads on a device. If that fails and the device is to blame, this is a fault. Ends a trial, if this is one. */
  load<T>(device: Device, load: () => Promise<T>): Promise<T> {
    return this.#circuits[device].policy.execute(load);
  }

  /** Counts a call that was answered. */
  noteSuccess(device: Device): void {
    this.#count(device, () => undefined);
  }

  /** Counts an error of a call, or of a worker that ended, if the device is to blame for it. */
  noteError(device: Device, error: unknown): void {
    this.#count(device, () => {
      throw error;
    });
  }

  /** Waits until everything that was noted is counted. The library counts a moment after it is told. */
  async settled(): Promise<void> {
    await this.#counted;
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
    return reportOf(this.#circuits[device]);
  }

  /** Runs what succeeds or fails at once. In an open circuit nothing is counted. */
  #count(device: Device, outcome: () => undefined): void {
    const counted = this.#circuits[device].policy.execute(outcome).catch(() => undefined);
    this.#counted = Promise.all([this.#counted, counted]);
  }
}

function reportOf({ policy, faults, retryAt }: Circuit): CircuitReport {
  const failure = policy.lastFailure;
  const error: unknown = failure && "error" in failure ? failure.error : undefined;
  return {
    state: STATE_NAMES[policy.state],
    faults: faults.count,
    reason: faults.count > 0 && VlmError.is(error) ? error.code : undefined,
    retryAt,
  };
}

/** The library does not tell how long a circuit stays open, so that this is followed here. */
function noteState(circuit: Circuit, state: CircuitState): void {
  circuit.retryAt = undefined;
  if (state === CircuitState.Closed) circuit.openings = 0;
  if (state !== CircuitState.Open) return;
  circuit.retryAt = Date.now() + (OPEN_MS[circuit.openings] ?? OPEN_MS.at(-1)!);
  circuit.openings += 1;
}

/** Whether the device may be to blame, so that another one may succeed. A failed download, for instance, would only fail again. */
export function isDeviceFault(error: unknown): error is VlmError {
  return (
    VlmError.is(error, "session-failed") ||
    VlmError.is(error, "no-device") ||
    VlmError.is(error, "device-check-failed") ||
    (VlmError.is(error, "start-failed") && !isSlowNetwork(error)) ||
    VlmError.is(error, "device-lost") ||
    VlmError.is(error, "out-of-memory") ||
    (VlmError.is(error, "worker-crashed") && error.details.phase !== "start")
  );
}

/** Whether the network was too slow for the files. Another device would wait as long for its own files. */
function isSlowNetwork({ details: { phase, reason } }: VlmError<"start-failed">): boolean {
  return reason === "timeout" && (phase === "script" || phase === "wasm");
}

/**
 * Says when faults are too many. One success does not forgive a fault: a GPU that is lost at every second call is not
 * worth the reloads.
 */
class FaultCounter implements IBreaker {
  count = 0;
  #successes = 0;
  readonly #limit: number;
  readonly #successesUntilForgotten: number;

  constructor(limit: number, successesUntilForgotten: number) {
    this.#limit = limit;
    this.#successesUntilForgotten = successesUntilForgotten;
  }

  /** The library can store this; the kit does not. */
  get state(): unknown {
    return this.count;
  }

  success(state: CircuitState): void {
    this.#successes += 1;
    const isForgotten = this.#successes >= this.#successesUntilForgotten;
    if (state === CircuitState.HalfOpen || isForgotten) this.count = 0;
  }

  failure(): boolean {
    this.count += 1;
    this.#successes = 0;
    return this.count >= this.#limit;
  }
}

const STATE_NAMES: Readonly<Record<CircuitState, CircuitStateName>> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half-open",
  [CircuitState.Isolated]: "open", // The kit never isolates a circuit.
};

const DEVICE_NAMES: Readonly<Record<Device, string>> = { webgpu: "WebGPU", wasm: "WASM" };
